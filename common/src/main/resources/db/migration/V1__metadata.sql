-- What Kafka keeps in KRaft: brokers, topics, partitions and leases.
-- Every transaction that changes a row seen in the cluster image takes the next cluster version (which orders such
-- transactions, for the row is locked until commit) and stamps it on each row it touches.
create schema metadata;

-- pruned_before: deletions up to this version are forgotten (see topic_deletion).
create table metadata.cluster (
    only_row      boolean primary key default true check (only_row),
    cluster_id    text   not null,
    version       bigint not null default 0,
    pruned_before bigint not null default 0
);

-- The cluster is born here, once, for migrations exclude each other: a random id as Kafka writes it (a UUID in 22
-- characters of URL-safe base64 that do not start with a dash, which command lines would take for an option).
insert into metadata.cluster (cluster_id)
select regexp_replace(translate(rtrim(encode(uuid_send(gen_random_uuid()), 'base64'), '='), '+/', '-_'), '^-', '_');

-- Named leases: 'controller', 'shard-0' ... Times are this server's clock only. A lease that was given back has the
-- holder ''; the row stays, for its epoch must never fall.
create table metadata.lease (
    name       text primary key,
    holder     text        not null,
    base_url   text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null,
    version    bigint      not null
);
create index lease_version on metadata.lease (version);

-- One row, and one lease, per broker. The epoch rises with each registration and is never deleted.
-- ready: the broker has recovered its logs and may lead. The controller alone sets and clears fenced.
create table metadata.broker (
    id               int primary key check (id >= 0),
    epoch            bigint      not null,
    incarnation      uuid        not null,
    directory_id     uuid        not null,
    host             text        not null,
    kafka_port       int         not null,
    http_url         text        not null,
    ready            boolean     not null default false,
    fenced           boolean     not null,
    lease_expires_at timestamptz not null,
    version          bigint      not null
);
create index broker_version on metadata.broker (version);

create table metadata.topic (
    id      uuid primary key,
    name    text   not null unique,
    configs jsonb  not null default '{}',
    version bigint not null
);
create index topic_version on metadata.topic (version);

-- leader: null while no member of the ISR can lead.
create table metadata.partition (
    topic_id        uuid   not null references metadata.topic (id) on delete cascade,
    index           int    not null check (index >= 0),
    replicas        int[]  not null,
    isr             int[]  not null,
    leader          int,
    leader_epoch    int    not null,
    partition_epoch int    not null,
    version         bigint not null,
    primary key (topic_id, index)
);
create index partition_version on metadata.partition (version);
create index partition_leader on metadata.partition (leader);
create index partition_isr on metadata.partition using gin (isr);

-- Deleted topics, so that an image can be brought up to date by its difference. Pruned by age; an image older than
-- cluster.pruned_before is loaded afresh.
create table metadata.topic_deletion (
    topic_id   uuid primary key,
    name       text        not null,
    version    bigint      not null,
    deleted_at timestamptz not null default clock_timestamp()
);
create index topic_deletion_version on metadata.topic_deletion (version);

-- Producer ids are handed out in blocks.
create sequence metadata.producer_id increment by 1000 minvalue 0 start with 0;
