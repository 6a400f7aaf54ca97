-- What is needed to bring partitions to other brokers, and to let brokers go.

-- One row per partition that is to get other replicas, and, until the next such request finds none under way, per one that has
-- got them. Whether one is in motion, its row in metadata.partition tells (adding, removing).
-- before: the replicas that it had when asked; target: those that it is to have, in order of preference.
-- cancelled: it is to go back, if that is still possible.
create table metadata.reassignment (
    topic_id  uuid    not null,
    index     int     not null,
    before    int[]   not null,
    target    int[]   not null,
    ordinal   bigint  not null generated always as identity,
    finished  boolean not null default false,
    cancelled boolean not null default false,
    primary key (topic_id, index),
    foreign key (topic_id, index) references metadata.partition (topic_id, index) on delete cascade
);

-- The most bytes a second that each broker takes in for replicas that are being added; 0: without limit;
-- null: as the brokers are configured.
alter table metadata.cluster add column reassignment_rate bigint check (reassignment_rate >= 0);

-- removed: an administrator took it out of the cluster. The row stays, for its epoch must never fall; registering again puts it back.
alter table metadata.broker add column removed boolean not null default false;
