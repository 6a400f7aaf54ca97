package io.millrace.coordinator.group.runtime;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.group.AssignorName;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.List;
import java.util.SortedSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.util.unit.DataSize;

/** A coordinator's group runtime over a real database, with a clock and leases that the test moves. */
final class RuntimeFixture {
    static final String GROUP = "billing";
    static final int SHARD = ClusterImage.shardOf(GROUP);
    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int EMPTY_GROUP_RETENTION_MS = 600_000;

    /** A term of a shard that ends when the test says so. */
    static final class Term implements ShardLease {
        private final long epoch;
        volatile boolean held = true;

        Term(long epoch) {
            this.epoch = epoch;
        }

        @Override
        public long epoch() {
            return epoch;
        }

        @Override
        public boolean isHeld() {
            return held;
        }
    }

    final AtomicLong nowMs = new AtomicLong();
    final GroupStore store;
    final Shards shards;
    final GroupExpiry expiry;
    final GroupRuntime runtime;
    final ClassicGroups classic;
    final TopicsFeed topics;
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    RuntimeFixture(TestPostgres postgres, FixedImages images) {
        this(postgres, images, 100);
    }

    RuntimeFixture(TestPostgres postgres, FixedImages images, int maxGroups) {
        this(postgres, images, maxGroups, DataSize.ofMegabytes(1));
    }

    RuntimeFixture(TestPostgres postgres, FixedImages images, int maxGroups, DataSize maxMemory) {
        var dataSource = postgres.dataSource();
        var jdbc = JdbcClient.create(dataSource);
        store = new GroupStore(jdbc, new DataSourceTransactionManager(dataSource));
        topics = new TopicsFeed(images);
        var settings = new GroupSettings(AssignorName.STICKY, maxGroups, 10, 10, 100, maxMemory, Duration.ofSeconds(1),
                Duration.ofMinutes(1), 100, Duration.ofSeconds(30), 50, Duration.ofMillis(100), 4,
                Duration.ofMillis(EMPTY_GROUP_RETENTION_MS), 2, new ClassicSettings(Duration.ZERO, Duration.ofMinutes(
                        5), 8, DataSize
                                .ofKilobytes(
                                        1), DataSize.ofKilobytes(1), DataSize.ofKilobytes(20)));
        var meters = new GroupMeters(registry);
        shards = new Shards(store, settings, new GroupMemory(settings, meters), topics, meters, nowMs::get);
        var steps = new GroupSteps(store, settings, topics, meters, nowMs::get);
        runtime = new GroupRuntime(shards, steps, store, settings, new MemberRequests(steps, settings, meters,
                nowMs::get),
                nowMs::get);
        classic = new ClassicGroups(runtime, steps);
        var emptyGroups = new EmptyGroups(store, steps, jdbc, settings, meters, nowMs::get);
        expiry = new GroupExpiry(shards, steps, emptyGroups, settings, meters, nowMs::get);
    }

    Term takeOver(long epoch) {
        var term = new Term(epoch);
        shards.takeOver(SHARD, term);
        return term;
    }

    void create() {
        create(GROUP);
    }

    void create(String group) {
        runtime.within(shards.of(group), group, () -> {});
    }

    GroupReply join(String memberId, String... names) {
        return apply(new GroupEvent.Join(memberId, new MemberProfile("client", "host", Subscription.to(List.of(names)),
                null,
                SESSION_TIMEOUT_MS, 2 * SESSION_TIMEOUT_MS)));
    }

    GroupReply heartbeat(String memberId, long epoch, SortedSet<PartitionId> owned) {
        return apply(new GroupEvent.Heartbeat(memberId, epoch, owned, null));
    }

    GroupReply apply(GroupEvent event) {
        return runtime.apply(shards.of(GROUP), GROUP, event, 0);
    }

    /** Names of groups of the one shard that fixtures take over. */
    static Stream<String> groupsOfShard() {
        return IntStream.iterate(0, i -> i + 1).mapToObj(i -> "other-" + i)
                .filter(name -> ClusterImage.shardOf(name) == SHARD);
    }

    SortedSet<PartitionId> partitions(String topic, int... indexes) {
        UUID id = topics.current().named(topic).id();
        return PartitionId.sorted(IntStream.of(indexes).mapToObj(index -> new PartitionId(id, index)).toList());
    }
}
