-- What replication needs: who may be trusted to have a whole log, and who may lead when no in-sync replica can (KIP-966).

-- tail_lost: set by the broker's registration: its logs may lack what was acknowledged. The controller takes it out of all
-- ISRs and ELRs before it may lead or follow again, and clears this in the same transaction.
-- leaving: the process is about to end and asks for its leadership to be handed over. Cleared by the next registration.
-- draining: set by an administrator: the broker gets no new replicas. Stays over registrations.
alter table metadata.broker
    add column tail_lost boolean not null default false,
    add column leaving   boolean not null default false,
    add column draining  boolean not null default false;

-- elr: eligible leader replicas: out of the ISR, but with all that was committed, for nothing is while the ISR is smaller
-- than min.insync.replicas. Empty while it is not.
-- last_leader: who led last; leads again when nobody is left in ISR and ELR.
-- adding, removing: what a reassignment adds to the replicas, and will take from them.
alter table metadata.partition
    add column elr         int[] not null default '{}',
    add column last_leader int,
    add column adding      int[] not null default '{}',
    add column removing    int[] not null default '{}';
update metadata.partition set last_leader = leader;
create index partition_elr on metadata.partition using gin (elr);
create index partition_leaderless on metadata.partition (topic_id, index) where leader is null;
create index partition_reassigned on metadata.partition (topic_id, index) where adding <> '{}' or removing <> '{}';
