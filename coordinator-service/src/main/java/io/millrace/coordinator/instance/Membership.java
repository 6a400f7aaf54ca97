package io.millrace.coordinator.instance;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.TopicPattern;
import io.millrace.coordinator.group.runtime.GroupMeters;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * An HTTP consumer as a member of its group. Its heartbeat is its poll; since a client that polls again has dealt with
 * everything it got, partitions it is to give up are committed and let go of in that same call.
 */
@Component
class Membership {
    private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
    /** Targets may change while we reconcile; what is left over then waits for the next poll. */
    private static final int MAX_RECONCILIATIONS = 4;

    private final GroupRuntime runtime;
    private final GroupOffsets offsets;
    private final Positions positions;
    private final TopicsFeed topics;
    private final GroupMeters meters;
    private final ConsumerSettings settings;

    Membership(GroupRuntime runtime, GroupOffsets offsets, Positions positions, TopicsFeed topics, GroupMeters meters,
            ConsumerSettings settings) {
        this.runtime = runtime;
        this.offsets = offsets;
        this.positions = positions;
        this.topics = topics;
        this.meters = meters;
        this.settings = settings;
    }

    /** Brings what the consumer owns up to date, joining if need be. */
    void heartbeat(HttpConsumer consumer, long silentMs) {
        if (!consumer.row.isSubscribed()) {
            // What is kept of those is forgotten when others are assigned: one whose topic is gone stays gone.
            own(consumer, byHand(consumer.row.byHand()));
            return;
        }
        reconcile(consumer, joinOrBeat(consumer, silentMs), silentMs, false);
    }

    /** As {@link #heartbeat}, of one that has joined before. Refused with {@code FENCED_MEMBER_EPOCH} once the group goes on without it. */
    void heartbeatAsMember(HttpConsumer consumer, long silentMs) {
        GroupReply.@Nullable Granted granted = consumer.isMember() ? beat(consumer, silentMs) : null;
        if (granted == null) {
            throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH,
                    "consumer '%s' is not a member of group '%s' any more: nothing was heard of it for its session's time"
                            .formatted(consumer.row.instanceId(), consumer.row.groupId()));
        }
        reconcile(consumer, granted, silentMs, true);
    }

    /** @param standing whether it has told where it stands: of partitions that go to another, that is what is committed */
    private void reconcile(HttpConsumer consumer, GroupReply.Granted first, long silentMs, boolean standing) {
        GroupReply.Granted granted = first;
        for (int i = 0; i < MAX_RECONCILIATIONS && !granted.assigned().containsAll(consumer.owned); i++) {
            letGo(consumer, granted.assigned(), standing);
            granted = joinOrBeat(consumer, silentMs);
        }
        SortedSet<PartitionId> mine = granted.assigned();
        consumer.memberEpoch = granted.memberEpoch();
        ownAsMember(consumer, mine);
    }

    private void letGo(HttpConsumer consumer, SortedSet<PartitionId> kept, boolean standing) {
        var leaving = new TreeSet<>(consumer.owned);
        leaving.removeAll(kept);
        if (standing) {
            consumer.progress.confirm(leaving);
        }
        commitConfirmed(consumer, leaving);
        var staying = new TreeSet<>(consumer.owned);
        staying.retainAll(kept);
        ownAsMember(consumer, PartitionId.sorted(staying));
    }

    /** Before the group hears that the others were let go of. */
    private void ownAsMember(HttpConsumer consumer, SortedSet<PartitionId> owned) {
        positions.forgetAllBut(consumer, owned);
        own(consumer, owned);
    }

    private static void own(HttpConsumer consumer, SortedSet<PartitionId> owned) {
        consumer.owned = owned;
        consumer.progress.keepOnly(owned);
    }

    private GroupReply.Granted joinOrBeat(HttpConsumer consumer, long silentMs) {
        GroupReply.@Nullable Granted beaten = consumer.isMember() ? beat(consumer, silentMs) : null;
        return beaten != null ? beaten : join(consumer, silentMs);
    }

    /** Null when the group goes on without it. */
    private GroupReply.@Nullable Granted beat(HttpConsumer consumer, long silentMs) {
        Subscription changed = consumer.subscriptionChanged ? subscription(consumer.row) : null;
        var heartbeat = new GroupEvent.Heartbeat(consumer.row.instanceId(), consumer.memberEpoch, consumer.owned,
                changed);
        return switch (runtime.apply(consumer.shard, consumer.row.groupId(), heartbeat, silentMs)) {
            case GroupReply.Granted granted -> {
                consumer.subscriptionChanged = false;
                yield granted;
            }
            case GroupReply.Refused refused when refused.code() == ErrorCode.UNKNOWN_MEMBER
                    || refused.code() == ErrorCode.FENCED_MEMBER_EPOCH -> {
                consumer.dropMembership();
                yield null;
            }
            case GroupReply.Refused(ErrorCode code, String message) -> throw new RefusedException(code, message);
            case GroupReply.Done() -> throw new IllegalStateException("a heartbeat is granted or refused");
        };
    }

    private GroupReply.Granted join(HttpConsumer consumer, long silentMs) {
        // Others may have read its partitions since it was a member.
        positions.forgetAllBut(consumer, List.of());
        return switch (runtime.apply(consumer.shard, consumer.row.groupId(),
                new GroupEvent.Join(consumer.row.instanceId(), profile(consumer.row)), silentMs)) {
            case GroupReply.Granted granted -> {
                consumer.subscriptionChanged = false;
                consumer.memberEpoch = granted.memberEpoch();
                yield granted;
            }
            case GroupReply.Refused(ErrorCode code, String message) -> throw new RefusedException(code, message);
            case GroupReply.Done() -> throw new IllegalStateException("a join is granted or refused");
        };
    }

    /** A sign of life in the middle of a poll. Refused with {@code FENCED_MEMBER_EPOCH} once the group goes on without it. */
    void touch(HttpConsumer consumer) {
        if (consumer.isMember()) {
            try {
                runtime.touch(consumer.shard, consumer.row.groupId(), consumer.row.instanceId(), consumer.memberEpoch);
            } catch (RefusedException e) {
                if (e.code() == ErrorCode.UNKNOWN_MEMBER) {
                    throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, e.getMessage(), e);
                }
                throw e;
            }
        }
    }

    void leave(HttpConsumer consumer) {
        if (consumer.isMember()) {
            var leave = new GroupEvent.Leave(consumer.row.instanceId());
            runtime.apply(consumer.shard, consumer.row.groupId(), leave, 0);
        }
        consumer.dropMembership();
    }

    /** Finds where to go on in partitions that are new to the consumer, or to this coordinator. */
    void lookUpCommitted(HttpConsumer consumer) {
        SortedSet<PartitionId> unknown = consumer.progress.unknown(consumer.owned);
        if (!unknown.isEmpty()) {
            Map<PartitionId, Kept.Committed> committed = offsets.committed(consumer.row.groupId(), unknown);
            for (PartitionId partition : unknown) {
                Kept.Committed newest = committed.get(partition);
                consumer.progress.lookedUp(partition, newest == null ? null : newest.next(), Kept.position(consumer.kept
                        .get(partition), newest));
            }
        }
    }

    /** Commits what the client has confirmed of these partitions, when auto-commit is on. Inside the consumer's turnstile. */
    void commitConfirmed(HttpConsumer consumer, SortedSet<PartitionId> partitions) {
        if (due(consumer, partitions).offsets().isEmpty()) {
            return;
        }
        consumer.committing.lock();
        try {
            Due due = due(consumer, partitions);
            commit(consumer, due);
            committed(consumer, due);
        } finally {
            consumer.committing.unlock();
        }
    }

    /** Offsets to commit, and the term and the membership under which they were read. */
    record Due(Shard shard, long memberEpoch, OffsetsApi.@Nullable Member committer,
            SortedMap<PartitionId, Long> offsets) {}

    /** What the client has confirmed but is not committed of these partitions; nothing without auto-commit. Inside the turnstile. */
    static Due due(HttpConsumer consumer, SortedSet<PartitionId> partitions) {
        return new Due(consumer.shard, consumer.memberEpoch, consumer.asCommitter(), consumer.row.settings()
                .enableAutoCommit()
                        ? consumer.progress.uncommitted(partitions)
                        : new TreeMap<>());
    }

    /** While {@link HttpConsumer#committing} is held; outside the turnstile too. Throws only where trying again may help. */
    void commit(HttpConsumer consumer, Due due) {
        if (due.offsets().isEmpty()) {
            return;
        }
        try {
            offsets.commit(consumer.row.groupId(), due.committer(), due.shard(), due.offsets());
            meters.autoCommits.increment();
        } catch (RefusedException e) {
            meters.autoCommitsFailed.increment();
            if (e.code().isRetriable()) {
                throw e;
            }
            // With a term that has ended, the partitions are not let go of either: the next one has them as they are.
            due.shard().requireServed();
            // Trying again would not help: it is fenced, or the topic is gone.
            LOG.info("Group {}: what consumer {} read is not committed: {}", consumer.row.groupId(),
                    consumer.row.instanceId(), e.getMessage());
        }
    }

    /** Inside the turnstile; of a term or a membership that has ended meanwhile, nothing is kept. */
    static void committed(HttpConsumer consumer, Due due) {
        if (consumer.shard == due.shard() && consumer.memberEpoch == due.memberEpoch()) {
            consumer.progress.committed(due.offsets());
        }
    }

    SortedSet<PartitionId> byHand(List<TopicPartition> partitions) {
        var owned = new TreeSet<PartitionId>();
        for (TopicPartition partition : partitions) {
            Topic topic = topics.current().named(partition.topic());
            if (topic != null && partition.partition() < topic.partitionCount()) {
                owned.add(new PartitionId(topic.id(), partition.partition()));
            }
        }
        return PartitionId.sorted(owned);
    }

    private MemberProfile profile(InstanceRow row) {
        return new MemberProfile(row.instanceId(), "http", subscription(row), null, row.settings().sessionTimeoutMs(),
                Math.toIntExact(settings.rebalanceTimeout().toMillis()));
    }

    private static Subscription subscription(InstanceRow row) {
        @Nullable
        String pattern = row.pattern();
        return pattern == null ? Subscription.to(row.topics()) : Subscription.to(TopicPattern.stored(pattern));
    }
}
