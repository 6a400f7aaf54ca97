-- Committed offsets. "next_offset" is the next offset to read, as in Kafka. Keyed by the topic's id, so that a topic
-- created again under the same name starts without them.
create schema offsets;

create table offsets.committed (
    group_id     text        not null,
    topic_id     uuid        not null,
    partition    int         not null,
    topic        text        not null,
    next_offset  bigint      not null check (next_offset >= 0),
    leader_epoch int,
    metadata     text        not null default '',
    committed_at timestamptz not null default clock_timestamp(),
    primary key (group_id, topic_id, partition)
);
create index committed_at on offsets.committed (committed_at);

-- When a group that has committed was last seen with members; offsets are kept for the retention time after that.
create table offsets.group_seen (
    group_id        text primary key,
    with_members_at timestamptz not null
);
