-- Consumer groups: membership, epochs and assignment as of the last change. Written by the coordinator that holds the group's shard.
create schema groups;

create table groups.consumer_group (
    group_id       text primary key,
    epoch          bigint not null,
    assignor       text   not null,
    target_epoch   bigint not null,
    subscribed     jsonb  not null default '{}'
);

-- The offset service joins this table to fence commits: (group_id, member_id, epoch) is a contract.
create table groups.member (
    group_id  text   not null references groups.consumer_group (group_id) on delete cascade,
    member_id text   not null,
    epoch     bigint not null,
    state     jsonb  not null,
    primary key (group_id, member_id)
);

-- HTTP consumer instances.
create table groups.instance (
    group_id    text        not null,
    instance_id text        not null,
    settings    jsonb       not null,
    created_at  timestamptz not null default clock_timestamp(),
    primary key (group_id, instance_id)
);
