-- How it is noticed that PostgreSQL is not the later state of what processes have seen of it (it failed over to a standby that
-- lagged behind, or was restored from a copy), and the way on from there. See docs/adr/0020-postgres-goes-back.md.

-- A run of a PostgreSQL server in which versions were taken, with the version after which it began. A version alone does not tell
-- histories apart, for a database that went back soon gives the same versions again; the random id of the run in which it was taken
-- and the version do, for no database goes back without its server being started.
create table metadata.server_run (
    number        bigint      not null generated always as identity primary key,
    id            uuid        not null unique default gen_random_uuid(),
    started_at    timestamptz not null,
    first_version bigint      not null
);

-- incarnation: rises when the database went back; the high part of all leader epochs given from then on.
-- timeline: of the server, where it tells (a promoted standby has another).
-- run, run_started_at: the run in which the last version was taken.
-- trusted: whether it is known that nothing was lost before that run. While it is not, nothing that needs a metadata transaction is
-- written, and images are not taken from here.
-- contradicted_*: the highest that somebody knows and that this database does not.
alter table metadata.cluster
    add column incarnation              int     not null default 0 check (incarnation between 0 and 32767),
    add column timeline                 text    not null default '',
    add column run                      uuid,
    add column run_started_at           timestamptz,
    add column trusted                  boolean not null default true,
    add column contradicted_incarnation int,
    add column contradicted_version     bigint;

-- To which server, by its start, the broker has presented what it knows.
alter table metadata.broker add column presented_to timestamptz;

-- recovering: the database went back, and it is not yet known again who has all that was acknowledged: nobody is elected but by the
-- reports below, until the in-sync replicas are min.insync.replicas.
alter table metadata.partition add column recovering boolean not null default false;
create index partition_recovering on metadata.partition (topic_id, index) where recovering;

-- What the log of a replica has: told once in an incarnation, after all that was given in earlier ones was given up.
create table metadata.log_report (
    topic_id     uuid   not null,
    index        int    not null,
    broker_id    int    not null,
    broker_epoch bigint not null,
    incarnation  int    not null,
    joined_epoch int    not null,
    log_end      bigint not null,
    primary key (topic_id, index, broker_id)
);

-- Empty where this role may not know it.
create function metadata.server_timeline() returns text stable language plpgsql as $$
begin
    return substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
exception when others then
    return '';
end
$$;

with begun as (
    insert into metadata.server_run (started_at, first_version)
    select pg_postmaster_start_time(), version from metadata.cluster
    returning id, started_at
)
update metadata.cluster
set run = begun.id, run_started_at = begun.started_at, timeline = metadata.server_timeline()
from begun;

-- Whoever takes the first version from a server that was started anew begins its run, whatever the statement.
create function metadata.begin_server_run() returns trigger language plpgsql as $$
begin
    if old.run_started_at is distinct from pg_postmaster_start_time() then
        insert into metadata.server_run (started_at, first_version) values (pg_postmaster_start_time(), old.version)
        returning id, started_at into new.run, new.run_started_at;
        new.trusted := false;
    end if;
    return new;
end
$$;
create trigger begin_server_run before update on metadata.cluster
    for each row execute function metadata.begin_server_run();

-- Whether who knows this version, taken in this run, knows of something that is not in this database. What was known before the last
-- incarnation began counts for nothing.
create function metadata.contradicts(known_cluster text, known_incarnation int, known_run uuid,
    known_version bigint) returns boolean stable language sql as $$
    select case
        when known_cluster <> cluster.cluster_id or known_run is null or known_incarnation < cluster.incarnation then false
        when known_incarnation > cluster.incarnation then true
        else known_version > coalesce(
            (select coalesce(
                (select later.first_version from metadata.server_run later where later.number > run.number
                    order by later.number limit 1),
                cluster.version)
             from metadata.server_run run where run.id = known_run),
            -1)
        end
    from metadata.cluster
$$;

create function metadata.note_contradiction(known_incarnation int, known_version bigint) returns void language sql as $$
    update metadata.cluster
    set contradicted_incarnation = greatest(contradicted_incarnation, known_incarnation),
        contradicted_version = greatest(contradicted_version, known_version)
    where incarnation <= known_incarnation
        and (contradicted_version is null or contradicted_version < known_version
            or contradicted_incarnation < known_incarnation)
$$;

-- Says what one knows; true, and noted, if it is not in this database.
create function metadata.present(known_cluster text, known_incarnation int, known_run uuid, known_version bigint)
    returns boolean language plpgsql as $$
begin
    if metadata.contradicts(known_cluster, known_incarnation, known_run, known_version) then
        perform metadata.note_contradiction(known_incarnation, known_version);
        return true;
    end if;
    return false;
end
$$;
