package io.millrace.offset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi.Member;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.commit.CommitRequest.NextOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Commits of several members arrive, wait, expire and meet a store that fails at random; a checker looks on. */
class CommitSimulationTest {
    private static final UUID TOPIC = new UUID(0, 1);
    private static final int CAPACITY_OFFSETS = 40;
    private static final int BATCH_OFFSETS = 12;
    private static final int STEPS = 400;

    static java.util.stream.LongStream seeds() {
        return java.util.stream.LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void every_commit_is_answered_once_in_order_and_stored_if_and_only_if_it_was_told_so(long seed) {
        new Simulation(seed).run();
    }

    private static final class Simulation {
        private final Random random;
        private final CommitQueue queue = new CommitQueue(CAPACITY_OFFSETS, BATCH_OFFSETS);
        private final FlakyStore store;
        private final CommitRound round;
        private final List<PendingCommit> accepted = new ArrayList<>();
        private long nowNanos = Long.MAX_VALUE - 500;
        private long nextOffset;

        Simulation(long seed) {
            this.random = new Random(seed);
            this.store = new FlakyStore(random);
            this.round = new CommitRound(store, (_, _) -> {});
        }

        void run() {
            for (int step = 0; step < STEPS; step++) {
                // The clock overflows on the way, as nanoTime may.
                nowNanos += random.nextInt(5);
                if (random.nextInt(3) > 0) {
                    arrive();
                } else {
                    serve();
                }
            }
            while (!queue.isEmpty()) {
                serve();
            }
            check();
        }

        private void arrive() {
            var offsets = new ArrayList<NextOffset>();
            for (int i = random.nextInt(16); i > 0; i--) {
                offsets.add(new NextOffset(TOPIC, "t", random.nextInt(5), nextOffset++, null, ""));
            }
            var request = new CommitRequest("g", new Member("m" + random.nextInt(3), random.nextInt(2)), offsets);
            var commit = new PendingCommit(request, nowNanos + 1 + random.nextInt(60));
            int before = queue.waitingOffsets();
            boolean taken = queue.offer(commit);
            assertThat(taken).isEqualTo(before + request.weight() <= CAPACITY_OFFSETS);
            assertThat(queue.waitingOffsets()).isEqualTo(taken ? before + request.weight() : before);
            if (taken) {
                accepted.add(commit);
            }
        }

        private void serve() {
            var gathered = queue.take(nowNanos);
            int weight = gathered.batch().stream().mapToInt(commit -> commit.request().weight()).sum();
            assertThat(gathered.batch().size() == 1 || weight <= BATCH_OFFSETS).isTrue();
            assertThat(gathered.batch()).noneMatch(commit -> commit.isExpired(nowNanos));
            assertThat(gathered.expired()).allMatch(commit -> commit.isExpired(nowNanos));
            round.serve(gathered);
            assertThat(gathered.batch()).allMatch(commit -> commit.outcome().isDone());
            assertThat(gathered.expired()).allMatch(commit -> commit.outcome().isDone());
        }

        private void check() {
            var answeredStored = new ArrayList<CommitRequest>();
            Set<CommitRequest> told = Collections.newSetFromMap(new IdentityHashMap<>());
            for (var commit : accepted) {
                var outcome = commit.outcome().getNow(null);
                assertThat(outcome).isNotNull();
                boolean isStored = store.applied.contains(commit.request());
                switch (outcome) {
                    case CommitOutcome.Stored _ -> {
                        assertThat(isStored).isTrue();
                        answeredStored.add(commit.request());
                        told.add(commit.request());
                    }
                    case Refused(var code, _) when code == ErrorCode.UNAVAILABLE -> {
                        // May or may not be stored.
                    }
                    case Refused _ -> assertThat(isStored).isFalse();
                }
            }
            assertThat(queue.waitingOffsets()).isZero();
            assertThat(store.twice).isFalse();
            assertThat(store.order.stream().filter(told::contains).toList())
                    .as("in the order of arrival")
                    .isEqualTo(answeredStored);
            assertThat(store.offsets).isEqualTo(replayed(store.order));
        }

        private static Map<Integer, Long> replayed(List<CommitRequest> requests) {
            var offsets = new HashMap<Integer, Long>();
            requests.forEach(request -> request.offsets().forEach(row -> offsets.put(row.partition(), row.offset())));
            return offsets;
        }
    }

    /** Epoch 1 of each member is current; now and then PostgreSQL is away, before or after it stored; one poisoned row fails its statement. */
    private static final class FlakyStore implements CommitStore {
        private final Random random;
        private final Set<CommitRequest> applied = Collections.newSetFromMap(new IdentityHashMap<>());
        private final List<CommitRequest> order = new ArrayList<>();
        private final Map<Integer, Long> offsets = new HashMap<>();
        private boolean twice;

        FlakyStore(Random random) {
            this.random = random;
        }

        @Override
        public List<CommitOutcome> store(List<CommitRequest> batch) {
            int fate = random.nextInt(10);
            if (fate == 0) {
                throw new RefusedException(ErrorCode.UNAVAILABLE, "away");
            }
            if (batch.stream().anyMatch(FlakyStore::isPoisoned)) {
                throw new IllegalStateException("poisoned");
            }
            List<CommitOutcome> outcomes = batch.stream().map(this::apply).toList();
            if (fate == 1) {
                throw new RefusedException(ErrorCode.UNAVAILABLE, "lost the answer");
            }
            return outcomes;
        }

        private static boolean isPoisoned(CommitRequest request) {
            return request.offsets().stream().anyMatch(row -> row.offset() % 97 == 0);
        }

        private CommitOutcome apply(CommitRequest request) {
            var member = request.member();
            if (member == null || member.epoch() != 1) {
                return new Refused(ErrorCode.FENCED_MEMBER_EPOCH, "fenced");
            }
            twice |= !applied.add(request);
            order.add(request);
            request.offsets().forEach(row -> offsets.put(row.partition(), row.offset()));
            return CommitOutcome.STORED;
        }
    }
}
