package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Answered;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Consumers that come and go while all of them poll: whoever gets a partition goes on exactly where the one before ended. */
@ResourceLock(RunningCoordinator.ALONE)
class ConcurrentConsumersTest {
    private static final String GROUP = "concurrent";
    private static final int PARTITIONS = 4;
    private static final long RECORDS_PER_PARTITION = 300;
    private static final int RECORDS_PER_POLL = 7;

    private record Read(int partition, long from, long to, String by) {}

    private final RunningCoordinator coordinator = RunningCoordinator.shared();
    private final InstancesApi instances = coordinator.client(InstancesApi.class);
    private final ConcurrentLinkedQueue<Read> reads = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch aQuarter = new CountDownLatch(quarter());
    private final CountDownLatch aHalf = new CountDownLatch(2 * quarter());

    @Test
    void every_record_is_read_once_while_consumers_come_and_go_and_the_coordinator_begins_new_terms() throws Exception {
        // Those of the test are then its own terms, with nobody's between.
        coordinator.takeOverAll();
        var threads = new ArrayList<Thread>();
        threads.add(consumer("a", this::everythingIsRead));
        threads.add(consumer("b", () -> aHalf.getCount() == 0));
        assertThat(aQuarter.await(30, TimeUnit.SECONDS)).isTrue();
        threads.add(consumer("c", this::everythingIsRead));
        coordinator.takeOverAll();
        assertThat(aHalf.await(30, TimeUnit.SECONDS)).isTrue();
        coordinator.takeOverAll();
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        }

        assertThat(failure.get()).isNull();
        var byPartition = new TreeMap<Integer, List<Read>>();
        reads.forEach(read -> byPartition.computeIfAbsent(read.partition(), _ -> new ArrayList<>()).add(read));
        assertThat(byPartition).hasSize(PARTITIONS);
        for (Map.Entry<Integer, List<Read>> partition : byPartition.entrySet()) {
            long next = 0;
            for (Read read : partition.getValue().stream().sorted((x, y) -> Long.compare(x.from(), y.from()))
                    .toList()) {
                assertThat(read.from()).as("partition %d: %s", partition.getKey(), read).isEqualTo(next);
                next = read.to();
            }
            assertThat(next).isEqualTo(RECORDS_PER_PARTITION);
        }
        assertThat(reads.stream().map(Read::by).distinct()).containsExactlyInAnyOrder("a", "b", "c");
    }

    private static int quarter() {
        return (int) (PARTITIONS * RECORDS_PER_PARTITION / RECORDS_PER_POLL / 4);
    }

    private boolean everythingIsRead() {
        return reads.stream().mapToLong(read -> read.to() - read.from()).sum() >= PARTITIONS * RECORDS_PER_PARTITION;
    }

    private Thread consumer(String name, BooleanSupplier done) {
        return Thread.ofPlatform().name(name).start(() -> {
            try {
                retrying(() -> instances.create(GROUP,
                        new CreateInstance(name, "json", "earliest", null, null, null, null, null)));
                retrying(() -> instances.subscribe(GROUP, name, new Subscription(List.of("orders"), null)));
                while (!done.getAsBoolean() && failure.get() == null) {
                    retrying(() -> poll(name));
                }
                retrying(() -> instances.delete(GROUP, name, false));
            } catch (RuntimeException | AssertionError e) {
                failure.compareAndSet(null, e);
            }
        });
    }

    /** As a gateway does while a shard changes hands. */
    private static void retrying(Runnable call) {
        while (true) {
            try {
                call.run();
                return;
            } catch (RefusedException e) {
                if (!e.code().isRetriable()) {
                    throw e;
                }
                Thread.yield();
            }
        }
    }

    private void poll(String name) {
        var grant = instances.beginPoll(GROUP, name, new BeginPoll(null));
        var mine = new ArrayList<Read>();
        var positions = new ArrayList<Position>();
        for (Granted granted : grant.partitions()) {
            long from = granted.position() == null ? 0 : granted.position();
            long to = Math.min(RECORDS_PER_PARTITION, from + RECORDS_PER_POLL);
            if (to > from) {
                mine.add(new Read(granted.partition(), from, to, name));
                positions.add(new Position(granted.topic(), granted.partition(), to));
            }
        }
        if (!positions.isEmpty()) {
            instances.delivered(GROUP, name, new Delivered(grant.pollNumber(), positions, List.of(), true));
            retrying(() -> instances.answered(GROUP, name, new Answered(grant.pollNumber(), true)));
            mine.forEach(read -> {
                reads.add(read);
                aQuarter.countDown();
                aHalf.countDown();
            });
        }
    }
}
