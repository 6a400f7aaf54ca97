-- Groups of Kafka's classic protocol, where members rebalance together. Their generation is the group's epoch, and each member's, so
-- that commits are fenced alike. Stored when a generation begins and when its leader has assigned.
alter table groups.consumer_group
    add column kind          text not null default 'CONSUMER' check (kind in ('CONSUMER', 'CLASSIC')),
    add column protocol_type text,
    add column protocol      text,
    add column leader        text,
    add column assigned      boolean not null default false;

-- "protocols": what the member says of itself in each of them, as the coordinator encodes it; "assigned_bytes": as the leader gave it.
alter table groups.member
    add column instance_id    text,
    add column protocols      bytea,
    add column assigned_bytes bytea;
