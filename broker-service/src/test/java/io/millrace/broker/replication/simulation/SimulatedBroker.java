package io.millrace.broker.replication.simulation;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.DecompressionBuffers;
import io.millrace.broker.log.KeyLimits;
import io.millrace.broker.log.KeyMemory;
import io.millrace.broker.log.LogOpening;
import io.millrace.broker.log.LogSettings;
import io.millrace.broker.log.MemoryLogStore;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import io.millrace.broker.replication.FetchHistory;
import io.millrace.broker.replication.FollowerReplica;
import io.millrace.broker.replication.IsrState;
import io.millrace.broker.replication.LeaderReplica;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/** A broker process around the replication core, with its disk. What it does between events is what the real shell does, in one thread. */
final class SimulatedBroker {
    private static final LogSettings SETTINGS = new LogSettings(new DecompressionBuffers(), Long.MAX_VALUE,
            new KeyLimits(Long.MAX_VALUE, 1_000_000, new KeyMemory(1 << 27, 1)), _ -> {});
    private static final long LAG_TIME_MAX_NANOS = 300_000_000;
    private static final long FETCH_TIMEOUT_MICROS = 30_000;
    private static final long ANSWER_TIMEOUT_MICROS = 50_000;
    private static final int FETCH_BYTES = 400;

    /** What a consumer is told. */
    record Fetched(int leaderEpoch, boolean settled, long highWatermark, long logStart,
            TreeMap<Long, History.Stored> records) {}

    private record ReplicaFetch(int brokerId, long brokerEpoch, int leaderEpoch, long offset, int lastFetchedEpoch) {}

    private sealed interface ReplicaAnswer {
        record Data(MemoryRecords records, long highWatermark, long logStart) implements ReplicaAnswer {}

        record Diverging(int epoch, long endOffset) implements ReplicaAnswer {}

        record OutOfRange(long logStart, long logEnd) implements ReplicaAnswer {}
    }

    private record Waiting(long offset, long baseOffset, int firstValue, int count, Consumer<Errors> answer) {}

    private final Cluster cluster;
    private final int id;
    private MemoryLogStore store = new MemoryLogStore();
    private LogOpening checkpoint = LogOpening.UNKNOWN;
    private boolean tailLost;
    /** Its log has lost nothing since the replica was last in sync; remembered on the disk. */
    private boolean whole;
    private int life;
    private boolean alive;
    private boolean paused;
    private boolean leaving;
    private boolean behind;
    private final List<Runnable> stalled = new ArrayList<>();
    private long clockOffsetNanos;

    private @Nullable PartitionLog log;
    private long epoch = -1;
    private int seenVersion;
    private int highestLeaderEpoch;
    private @Nullable LeaderReplica leader;
    private @Nullable FollowerReplica follower;
    private final List<Waiting> waiting = new ArrayList<>();
    private long brokenHighWatermark;
    /** Whether this leader has told clients how far they may read. */
    private boolean settled;
    private int fetchNumber;

    SimulatedBroker(Cluster cluster, int id) {
        this.cluster = cluster;
        this.id = id;
        this.clockOffsetNanos = cluster.random().nextLong() >> 2;
        this.whole = cluster.metadata().row().replicas().contains(id);
    }

    int id() {
        return id;
    }

    long epoch() {
        return epoch;
    }

    boolean isAlive() {
        return alive;
    }

    boolean isLeaving() {
        return alive && leaving;
    }

    boolean isPaused() {
        return paused;
    }

    boolean leads() {
        return leader != null;
    }

    boolean isWhole() {
        return whole;
    }

    PartitionLog log() {
        PartitionLog present = log;
        if (present == null) {
            throw new IllegalStateException("broker " + id + " is down");
        }
        return present;
    }

    private long nowNanos() {
        return cluster.scheduler().nowMicros() * 1_000 + clockOffsetNanos;
    }

    /** Whether it sees the metadata's versions late, one after the other, although it reaches it. */
    void lagBehind(boolean isBehind) {
        trace("lags behind the metadata: %s", isBehind);
        behind = isBehind;
    }

    void jumpClock(long nanos) {
        clockOffsetNanos += nanos;
    }

    // ---- the process

    void start() {
        // From here on it is no longer shut down in order.
        openLog();
        alive = true;
        leaving = false;
        life++;
        epoch = -1;
        // What it reads of the metadata is no older than itself.
        seenVersion = Math.max(0, cluster.metadata().newest().version() - 1);
        trace("starts with log end %d, epoch %d, tail lost %s", log().logEndOffset(), highestLeaderEpoch, tailLost);
        register();
        every(30_000, this::renew);
        every(15_000, this::pollView);
        every(40_000, this::maintainIsr);
        every(70_000, this::keepHouse);
    }

    private void openLog() {
        try {
            log = PartitionLog.open(store, cluster.config(), SETTINGS, checkpoint, Cluster.WALL_CLOCK_MS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        writeCheckpoint(log);
        highestLeaderEpoch = log.latestLeaderEpoch();
    }

    void kill() {
        trace("is killed");
        MemoryLogStore left = store.copy();
        stop();
        store = left;
    }

    void crashMachine() {
        trace("crashes with its machine");
        MemoryLogStore left = store.crash(cluster.random());
        stop();
        store = left;
        tailLost = true;
        whole = false;
    }

    void wipe() {
        trace("is killed and wiped");
        stop();
        store = new MemoryLogStore();
        checkpoint = LogOpening.UNKNOWN;
        tailLost = true;
        whole = false;
    }

    /** Asks that its leadership be taken; after that {@link #close}. */
    void leave() {
        trace("leaves");
        leaving = true;
    }

    void close() {
        trace("closes");
        PartitionLog closing = log();
        closing.close();
        checkpoint = new LogOpening(true, closing.recoveryPoint(), closing.logStartOffset(), closing.highWatermark());
        MemoryLogStore left = store.copy();
        stop();
        store = left;
    }

    private void stop() {
        alive = false;
        paused = false;
        stalled.clear();
        life++;
        leader = null;
        follower = null;
        waiting.clear();
        log = null;
    }

    void pause() {
        trace("is paused");
        paused = true;
    }

    void resume() {
        if (paused) {
            trace("goes on");
            paused = false;
            List<Runnable> due = new ArrayList<>(stalled);
            stalled.clear();
            due.forEach(this::deliver);
        }
    }

    /** Runs in this process: now, when it goes on, or never when it has ended. */
    private void deliver(Runnable action) {
        if (alive && paused) {
            stalled.add(action);
        } else if (alive) {
            action.run();
            if (log != null) {
                History.ends(log);
            }
        }
    }

    private Runnable inThisLife(Runnable action) {
        int lifeNow = life;
        return () -> {
            if (life == lifeNow) {
                deliver(action);
            }
        };
    }

    private void every(long micros, Runnable action) {
        cluster.scheduler().after(micros / 2 + cluster.random().nextLong(micros), inThisLife(() -> {
            action.run();
            every(micros, action);
        }));
    }

    /** Calls the metadata; exactly one of the two is run in the end, unless this process ends. */
    private <T> void callMetadata(Supplier<T> call, Consumer<T> answered, Runnable unanswered) {
        boolean[] settled = {false};
        int lifeNow = life;
        Network network = cluster.network();
        network.request(id, Network.METADATA, () -> {
            // A process that has ended closed its connections.
            if (!cluster.metadata().isAway() && life == lifeNow) {
                T answer = call.get();
                Runnable delivery = inThisLifeOf(lifeNow, () -> {
                    if (!settled[0]) {
                        settled[0] = true;
                        answered.accept(answer);
                    }
                });
                network.request(Network.METADATA, id, delivery);
            }
        });
        cluster.scheduler().after(ANSWER_TIMEOUT_MICROS, inThisLife(() -> {
            if (!settled[0]) {
                settled[0] = true;
                unanswered.run();
            }
        }));
    }

    private Runnable inThisLifeOf(int lifeThen, Runnable action) {
        return () -> {
            if (life == lifeThen) {
                deliver(action);
            }
        };
    }

    // ---- registration and images

    private void register() {
        boolean lost = tailLost;
        int lifeNow = life;
        callMetadata(() -> cluster.metadata().register(id, lifeNow, lost, cluster.scheduler().nowMicros()),
                registered -> {
                    trace("is registered in epoch %d", registered);
                    epoch = registered;
                    tailLost = false;
                    resign();
                }, this::register);
    }

    private void renew() {
        long asked = epoch;
        if (asked >= 0) {
            boolean ends = leaving;
            callMetadata(() -> cluster.metadata().renew(id, asked, true, ends, cluster.scheduler().nowMicros()),
                    renewed -> {
                        if (!renewed && epoch == asked) {
                            epoch = -1;
                            register();
                        }
                    }, () -> {});
        }
    }

    /** Sees some version between the last one seen and the newest. */
    private void pollView() {
        if (cluster.metadata().isAway() || behind && cluster.random().nextInt(6) > 0 || !cluster.network().reaches(id,
                Network.METADATA)) {
            return;
        }
        int newest = cluster.metadata().newest().version();
        int version = behind ? Math.min(seenVersion + 1, newest)
                : cluster.random().nextInt(4) == 0 ? cluster.random()
                        .nextInt(seenVersion, newest + 1) : newest;
        if (version > seenVersion && epoch >= 0) {
            seenVersion = version;
            viewChanged(cluster.metadata().view(version));
        }
    }

    private void viewChanged(ClusterView view) {
        PartitionImage row = view.row();
        BrokerImage self = view.brokers().get(id);
        boolean registered = self != null && self.epoch() == epoch;
        boolean present = registered && !self.fenced();
        if (!row.replicas().contains(id)) {
            removed();
            return;
        }
        if (row.leaderEpoch() < highestLeaderEpoch) {
            return;
        }
        whole |= registered && !self.tailLost() && row.isr().contains(id);
        if (row.leader() == id && leader != null && leader.leaderEpoch() == row.leaderEpoch()) {
            leader.imageChanged(row, view.brokers(), nowNanos());
            leaderMoved();
        } else if (row.leader() == id && present && row.leaderEpoch() > highestLeaderEpoch) {
            lead(row, view);
        } else if (row.leader() != id && (follower == null || follower.leaderEpoch() != row.leaderEpoch())) {
            resign();
            highestLeaderEpoch = row.leaderEpoch();
            follow(new FollowerReplica(row.leader(), row.leaderEpoch()));
        }
    }

    /** No replica is here any more. Should one come back, it begins with nothing. */
    private void removed() {
        if (leader != null || follower != null || log().logEndOffset() > 0) {
            trace("deletes its log");
            resign();
            follower = null;
            store = new MemoryLogStore();
            checkpoint = LogOpening.UNKNOWN;
            whole = false;
            openLog();
        }
    }

    private void resign() {
        leader = null;
        List<Waiting> refused = new ArrayList<>(waiting);
        waiting.clear();
        refused.forEach(request -> request.answer().accept(Errors.NOT_LEADER_OR_FOLLOWER));
    }

    private void lead(PartitionImage row, ClusterView view) {
        follower = null;
        if (leader == null) {
            resign();
        }
        highestLeaderEpoch = row.leaderEpoch();
        trace("leads in epoch %d from %d, high watermark %d", row.leaderEpoch(), log().logEndOffset(), log()
                .highWatermark());
        cluster.history().leads(id, row.leaderEpoch(), log());
        Invariant.holds(log().beginEpoch(row.leaderEpoch()), "broker %d has epoch %d in its log and is to lead in %d",
                id,
                log().latestLeaderEpoch(), row.leaderEpoch());
        int minInSync = cluster.mutant() == Mutant.HIGH_WATERMARK_BELOW_MINIMUM ? 1
                : cluster.config().minInsyncReplicas();
        leader = new LeaderReplica(Cluster.TOPIC, id, row, view.brokers(), new LeaderReplica.Limits(minInSync,
                LAG_TIME_MAX_NANOS), new LeaderReplica.LogEnds(log().highWatermark(), log().logEndOffset()),
                nowNanos());
        brokenHighWatermark = 0;
        settled = false;
        leaderMoved();
    }

    // ---- leading

    /** What follows from every event of a leader. */
    private void leaderMoved() {
        LeaderReplica leading = leader;
        if (leading == null) {
            return;
        }
        log().advanceHighWatermark(highWatermark(leading));
        if (!settled && leading.highWatermarkSettled()) {
            settled = true;
            History.read(log(), log().logStartOffset(), log().highWatermark()).forEach(cluster.history()::read);
            cluster.audit();
        }
        for (Iterator<Waiting> requests = waiting.iterator(); requests.hasNext();) {
            Waiting request = requests.next();
            if (request.offset() <= highWatermark(leading)) {
                requests.remove();
                acknowledge(request, leading);
            }
        }
        if (leading.isrChangeDue()) {
            askForIsrChange(leading);
        }
    }

    private void acknowledge(Waiting request, LeaderReplica leading) {
        cluster.history().acknowledged(request.baseOffset(), request.firstValue(), request.count(), leading
                .leaderEpoch());
        request.answer().accept(Errors.NONE);
    }

    private long highWatermark(LeaderReplica leading) {
        boolean broken = cluster.mutant() == Mutant.HIGH_WATERMARK_OVER_COMMITTED_ISR && leading
                .isr() instanceof IsrState.PendingExpand;
        if (!broken || !leading.enoughInSync()) {
            return Math.max(brokenHighWatermark, leading.highWatermark());
        }
        long least = log().logEndOffset();
        for (LeaderReplica.Follower other : leading.followers(nowNanos())) {
            least = other.inSync() ? Math.min(least, other.logEnd()) : least;
        }
        brokenHighWatermark = Math.max(Math.max(brokenHighWatermark, leading.highWatermark()), least);
        return brokenHighWatermark;
    }

    private void maintainIsr() {
        if (leader != null) {
            leader.tick(nowNanos());
            leaderMoved();
        }
    }

    private void askForIsrChange(LeaderReplica leading) {
        IsrChange change = leading.proposeIsrChange(nowNanos());
        if (change != null) {
            long asked = epoch;
            trace("asks for %s", change);
            callMetadata(() -> cluster.metadata().alter(id, asked, change), (Outcome outcome) -> {
                trace("is told %s", outcome);
                leading.isrChangeAnswered(change, outcome);
                leaderMoved();
            }, () -> {
                leading.isrChangeUnanswered(change);
                leaderMoved();
            });
        }
    }

    private void answerFetch(ReplicaFetch fetch, Consumer<ReplicaAnswer> answer) {
        LeaderReplica leading = leader;
        boolean epochFits = leading != null && (fetch.leaderEpoch() == leading.leaderEpoch() || cluster
                .mutant() == Mutant.NO_LEADER_EPOCH_CHECK);
        if (leading == null || !epochFits) {
            return;
        }
        int lastEpoch = cluster.mutant() == Mutant.TRUNCATION_BY_HIGH_WATERMARK ? FetchHistory.NO_EPOCH
                : fetch.lastFetchedEpoch();
        switch (FetchHistory.of(log(), fetch.offset(), lastEpoch)) {
            case FetchHistory.Diverging(int epoch, long end) -> answer.accept(new ReplicaAnswer.Diverging(epoch, end));
            case FetchHistory.OutOfRange _ -> answer.accept(new ReplicaAnswer.OutOfRange(log().logStartOffset(), log()
                    .logEndOffset()));
            case FetchHistory.Same _ when leading.mustJoin(fetch.offset(), fetch.lastFetchedEpoch()) && cluster
                    .mutant() != Mutant.POSITION_COUNTS_BEFORE_JOINING -> answer.accept(new ReplicaAnswer.Diverging(
                            leading.leaderEpoch(), fetch.offset()));
            case FetchHistory.Same _ -> {
                long end = log().logEndOffset();
                if (leading.fetched(fetch.brokerId(), fetch.brokerEpoch(), fetch.offset(), end,
                        nowNanos()) == LeaderReplica.Fetched.COUNTED) {
                    leaderMoved();
                    answer.accept(new ReplicaAnswer.Data(readForReplica(fetch.offset()), highWatermark(leading), log()
                            .logStartOffset()));
                }
            }
        }
    }

    private MemoryRecords readForReplica(long offset) {
        ReadResult read = log().read(offset, FETCH_BYTES, true, log().logEndOffset());
        if (!(read instanceof ReadResult.Data data && data.records() instanceof MemoryRecords records)) {
            throw new Invariant("offset " + offset + " is in range but " + read);
        }
        return records;
    }

    void produce(MemoryRecords records, boolean acksAll, int firstValue, int count, Consumer<Errors> answer) {
        deliver(() -> {
            LeaderReplica leading = leader;
            if (leading == null) {
                answer.accept(Errors.NOT_LEADER_OR_FOLLOWER);
            } else if (acksAll && !leading.enoughInSync()) {
                answer.accept(Errors.NOT_ENOUGH_REPLICAS);
            } else {
                append(leading, records, acksAll, firstValue, count, answer);
            }
        });
    }

    private void append(LeaderReplica leading, MemoryRecords records, boolean acksAll, int firstValue, int count,
            Consumer<Errors> answer) {
        // The log writes offsets into the bytes, and the same request may come again.
        ByteBuffer bytes = ByteBuffer.allocate(records.sizeInBytes()).put(records.buffer().duplicate()).flip();
        switch (log().appendAsLeader(MemoryRecords.readableRecords(bytes), leading.leaderEpoch(),
                Cluster.WALL_CLOCK_MS)) {
            case AppendResult.Appended appended -> {
                leading.appended(log().logEndOffset());
                await(appended.baseOffset(), appended.lastOffset(), acksAll, firstValue, count, answer);
            }
            case AppendResult.Duplicate duplicate -> {
                if (cluster.mutant() == Mutant.DUPLICATE_IS_ACKNOWLEDGED_AT_ONCE) {
                    acknowledge(new Waiting(0, duplicate.baseOffset(), firstValue, count, answer), leading);
                } else {
                    await(duplicate.baseOffset(), duplicate.lastOffset(), acksAll, firstValue, count, answer);
                }
            }
            case AppendResult.Refused refused -> answer.accept(refused.error());
        }
        leaderMoved();
    }

    private void await(long baseOffset, long lastOffset, boolean acksAll, int firstValue, int count,
            Consumer<Errors> answer) {
        Invariant.holds(lastOffset - baseOffset + 1 == count, "offsets %d to %d for %d records", baseOffset,
                lastOffset, count);
        if (acksAll) {
            waiting.add(new Waiting(lastOffset + 1, baseOffset, firstValue, count, answer));
        } else {
            answer.accept(Errors.NONE);
        }
    }

    /** Null when this broker does not lead, or is not reached. */
    @Nullable
    Fetched consume(long from) {
        LeaderReplica leading = leader;
        if (!alive || paused || leading == null) {
            return null;
        }
        long highWatermark = log().highWatermark();
        boolean inRange = from >= log().logStartOffset() && from < highWatermark;
        return new Fetched(leading.leaderEpoch(), leading.highWatermarkSettled(), highWatermark, log()
                .logStartOffset(), inRange ? History.read(log(), from, highWatermark) : new TreeMap<>());
    }

    /** Now and then a flush, a checkpoint of the high watermark, and the deletion of what is old. */
    private void keepHouse() {
        PartitionLog kept = log();
        if (cluster.random().nextInt(4) == 0) {
            kept.flush(kept.logEndOffset());
        }
        if (leader != null && cluster.random().nextInt(12) == 0 && kept.highWatermark() > kept.logStartOffset()) {
            trace("deletes records, of %d to %d", kept.logStartOffset(), kept.highWatermark());
            kept.deleteRecordsBefore(cluster.random().nextLong(kept.logStartOffset(), kept.highWatermark() + 1));
        }
        kept.applyRetention(Cluster.WALL_CLOCK_MS);
        if (cluster.random().nextBoolean()) {
            writeCheckpoint(kept);
        }
    }

    private void writeCheckpoint(PartitionLog kept) {
        checkpoint = new LogOpening(false, kept.recoveryPoint(), kept.logStartOffset(), kept.highWatermark());
    }

    // ---- following

    private void follow(FollowerReplica following) {
        trace("follows %s from %d", following, log().logEndOffset());
        follower = following;
        if (cluster.mutant() == Mutant.TRUNCATION_BY_HIGH_WATERMARK) {
            log().truncateTo(log().highWatermark(), Cluster.WALL_CLOCK_MS);
        }
        fetch(following);
    }

    private void fetch(FollowerReplica following) {
        if (follower != following || following.leader() == PartitionImage.NO_LEADER) {
            return;
        }
        int number = ++fetchNumber;
        if (epoch >= 0) {
            ReplicaFetch fetch = new ReplicaFetch(id, epoch, following.leaderEpoch(), log().logEndOffset(),
                    following.lastFetchedEpoch(log()));
            SimulatedBroker target = cluster.broker(following.leader());
            int lifeNow = life;
            Network network = cluster.network();
            network.send(id, target.id, () -> target.deliver(() -> target.answerFetch(fetch, answer -> network.send(
                    target.id, id, inThisLifeOf(lifeNow, () -> {
                        apply(fetch, answer);
                        if (number == fetchNumber) {
                            boolean empty = answer instanceof ReplicaAnswer.Data data && data.records()
                                    .sizeInBytes() == 0;
                            cluster.scheduler().after(empty ? 7_000 : 200, inThisLife(() -> fetchAgain(following,
                                    number)));
                        }
                    })))));
        }
        cluster.scheduler().after(FETCH_TIMEOUT_MICROS, inThisLife(() -> fetchAgain(following, number)));
    }

    private void fetchAgain(FollowerReplica following, int number) {
        if (number == fetchNumber) {
            fetch(following);
        }
    }

    private void apply(ReplicaFetch fetch, ReplicaAnswer answer) {
        FollowerReplica following = follower;
        if (following == null || !following.awaits(log(), fetch.leaderEpoch(), fetch.offset(), fetch
                .lastFetchedEpoch())) {
            return;
        }
        switch (answer) {
            case ReplicaAnswer.Data(MemoryRecords records, long leaderHighWatermark, long leaderLogStart) -> {
                if (records.sizeInBytes() > 0) {
                    AppendResult result = log().appendAsFollower(records, fetch.leaderEpoch(), Cluster.WALL_CLOCK_MS);
                    Invariant.holds(result instanceof AppendResult.Appended, "broker %d could not append: %s", id,
                            result);
                }
                log().advanceHighWatermark(FollowerReplica.highWatermark(log(), leaderHighWatermark));
                log().deleteRecordsBefore(Math.min(leaderLogStart, log().highWatermark()));
            }
            case ReplicaAnswer.Diverging(int epochThere, long endThere) when following.joins(fetch.offset(), epochThere,
                    endThere) -> log().joinEpoch(epochThere);
            case ReplicaAnswer.Diverging(int epochThere, long endThere) -> {
                trace("hears that epoch %d ends at %d, here at %s", epochThere, endThere, log().endOffsetForEpoch(
                        epochThere));
                cutTo(FollowerReplica.cutAfterDivergence(log(), epochThere, endThere));
            }
            case ReplicaAnswer.OutOfRange(long start, long end) -> {
                switch (FollowerReplica.outOfRange(log(), start, end)) {
                    case FollowerReplica.OutOfRange.CutTo(long offset) -> cutTo(offset);
                    case FollowerReplica.OutOfRange.StartAnewAt(long offset) -> {
                        trace("starts anew at %d", offset);
                        log().truncateFullyAndStartAt(offset, Cluster.WALL_CLOCK_MS);
                        writeCheckpoint(log());
                    }
                    case FollowerReplica.OutOfRange.FetchAgain _ -> {}
                }
            }
        }
    }

    private void cutTo(long offset) {
        trace("cuts its log %d..%d of epoch %d to %d", log().logStartOffset(), log().logEndOffset(), log()
                .latestLeaderEpoch(), offset);
        log().truncateTo(offset, Cluster.WALL_CLOCK_MS);
        writeCheckpoint(log());
    }

    /** Whether nothing is left to do here. */
    boolean isSettled(long logEnd) {
        return alive && log().logEndOffset() == logEnd && log().highWatermark() == logEnd;
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    private void trace(String message, Object... arguments) {
        cluster.trace("broker " + id + " " + message, arguments);
    }
}
