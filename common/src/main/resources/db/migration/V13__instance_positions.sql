-- Where HTTP consumers stand in partitions of which what their group has committed does not tell: where auto.offset.reset found them to
-- begin, where their clients have moved them to, and, without auto-commit, what their clients have confirmed. A row counts as long as
-- what is committed is still what it was when the row was written (committed_offset, committed_at_ms; null: nothing); what is committed
-- later is newer. sought_after: where the client has moved it, the number of the last poll before.
create table groups.instance_position (
    group_id         text   not null,
    instance_id      text   not null,
    topic_id         uuid   not null,
    partition        int    not null check (partition >= 0),
    next_offset      bigint not null check (next_offset >= 0),
    committed_offset bigint,
    committed_at_ms  bigint,
    sought_after     bigint,
    primary key (group_id, instance_id, topic_id, partition),
    foreign key (group_id, instance_id) references groups.instance (group_id, instance_id) on delete cascade,
    check ((committed_offset is null) = (committed_at_ms is null))
);
