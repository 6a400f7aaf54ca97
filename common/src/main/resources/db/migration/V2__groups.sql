-- Consumer groups: membership, epochs and assignment as of the last change. Written only by the coordinator that holds
-- the group's shard.
create schema groups;

-- The epoch of the shard's lease under which its groups were last loaded. Whoever takes a shard over raises it first;
-- every write to a group shares a lock on it and compares, so a coordinator that lost its shard changes nothing, and one
-- that loads a shard sees all that was written before. (The lease's own row would serve too, but is locked by renewals.)
create table groups.shard (
    shard int primary key check (shard >= 0),
    epoch bigint not null
);

create table groups.consumer_group (
    group_id    text primary key,
    shard       int         not null,
    epoch       bigint      not null,
    assignor    text        not null,
    topics_hash bigint      not null,
    created_at  timestamptz not null default clock_timestamp()
);
create index consumer_group_shard on groups.consumer_group (shard);

-- The offset service joins this table to fence commits: (group_id, member_id, epoch) is a contract.
create table groups.member (
    group_id             text   not null references groups.consumer_group (group_id) on delete cascade,
    member_id            text   not null,
    epoch                bigint not null,
    previous_epoch       bigint not null default 0,
    state                text   not null default 'STABLE'
        check (state in ('STABLE', 'UNREVOKED_PARTITIONS', 'UNRELEASED_PARTITIONS')),
    client_id            text   not null default '',
    client_host          text   not null default '',
    topics               text[] not null default '{}',
    topic_pattern        text,
    assignor             text,
    session_timeout_ms   int    not null default 45000,
    rebalance_timeout_ms int    not null default 300000,
    primary key (group_id, member_id)
);

-- Who shall own a partition and who owns it; "revoking": the owner was told to let go and has not said yet that it did.
-- One row a partition, so the database itself refuses two owners.
create table groups.assignment (
    group_id      text    not null references groups.consumer_group (group_id) on delete cascade,
    topic_id      uuid    not null,
    partition     int     not null check (partition >= 0),
    target_member text,
    owner_member  text,
    revoking      boolean not null,
    primary key (group_id, topic_id, partition)
);

-- HTTP consumer instances: what they were made with, and what they read. Either subscribed or assigned by hand.
create table groups.instance (
    group_id            text        not null references groups.consumer_group (group_id) on delete cascade,
    instance_id         text        not null,
    format              text        not null,
    auto_offset_reset   text        not null,
    enable_auto_commit  boolean     not null,
    fetch_min_bytes     int         not null,
    request_timeout_ms  int         not null,
    isolation_level     text        not null,
    session_timeout_ms  int         not null,
    topics              text[]      not null default '{}',
    topic_pattern       text,
    assigned_topics     text[]      not null default '{}',
    assigned_partitions int[]       not null default '{}',
    created_at          timestamptz not null default clock_timestamp(),
    primary key (group_id, instance_id)
);
