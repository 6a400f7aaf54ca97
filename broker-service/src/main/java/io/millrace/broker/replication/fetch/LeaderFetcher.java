package io.millrace.broker.replication.fetch;

import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches from one leader all that this broker follows there, on one virtual thread, which alone touches its state. Several fetches are under way
 * over one connection, each for partitions of its own ({@link Flight.Kind}); what comes is appended straight from the answer's buffer.
 *
 * <p>To ask for more is to say that one has what came before, and where one's log starts. So a partition with {@code flush.messages} asks when the
 * records are durable, and one whose start has moved when that is written down.
 *
 * <p>What the inbox holds is bounded by the fetches under way, one flush per partition and one list of partitions per image.
 */
final class LeaderFetcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderFetcher.class);
    private static final Lane LANE = new Lane("replication", true);
    /** A partition without records for so many fetches, each of which waits, no longer counts as busy. */
    private static final int EMPTY_FETCHES_UNTIL_IDLE = 4;

    /** @param brokerEpoch of the follower */
    record Leader(BrokerEndpoint endpoint, int followerId, LongSupplier brokerEpoch) {}

    /** Completes when what is to be told of a partition is durable, as far as it must be; to be asked again then. */
    interface Durability extends Function<Partition, CompletableFuture<Void>> {}

    private sealed interface Event {
        record Follow(List<Followed> partitions) implements Event {}

        record Answered(Flight flight, @Nullable FetchResponse answer, @Nullable Throwable failure) implements Event {}

        record Ranged(Followed followed, LeaderRange.@Nullable Range range) implements Event {}

        record Flushed(Followed followed, @Nullable Throwable failure) implements Event {}

        record Closed() implements Event {}
    }

    private record Pause(Followed followed, long untilNanos) {}

    private final Leader leader;
    private final BrokerClient client;
    private final ReplicationSettings settings;
    private final Durability durability;
    private final Clock clock;
    private final FetchRequests requests;
    private final LeaderRange range;
    private final LinkedBlockingQueue<Event> inbox = new LinkedBlockingQueue<>();
    private final Thread thread;
    private final Map<Uuid, Map<Integer, Followed>> followed = new HashMap<>();
    private final ArrayDeque<Followed> hot = new ArrayDeque<>();
    private final ArrayDeque<Followed> idle = new ArrayDeque<>();
    /** New, or back from a pause: not to wait behind a fetch that waits. */
    private final ArrayDeque<Followed> fresh = new ArrayDeque<>();
    private final ArrayDeque<Followed> added = new ArrayDeque<>();
    private final PriorityQueue<Pause> paused = new PriorityQueue<>((a, b) -> Long.compare(a.untilNanos()
            - b.untilNanos(), 0));
    private final TokenBucket throttle;
    private int hotFlights;
    private int idleFlights;
    private int addedFlights;
    private boolean reachable = true;
    private volatile boolean closed;

    private LeaderFetcher(Leader leader, BrokerClient client, ReplicationSettings settings, TokenBucket throttle,
            Durability durability, Clock clock) {
        this.leader = leader;
        this.client = client;
        this.settings = settings;
        this.durability = durability;
        this.clock = clock;
        this.requests = new FetchRequests(leader.followerId(), leader.brokerEpoch(), settings);
        this.range = new LeaderRange(client, leader.endpoint(), LANE, leader.followerId(), settings.fetchTimeout());
        this.throttle = throttle;
        this.thread = Thread.ofVirtual().name("replica-fetcher-" + leader.followerId() + "-" + leader.endpoint().id())
                .unstarted(this::run);
    }

    /** @param throttle of what reassignments add to this broker, from whatever leader */
    static LeaderFetcher start(Leader leader, BrokerClient client, ReplicationSettings settings, TokenBucket throttle,
            Durability durability, Clock clock) {
        LeaderFetcher fetcher = new LeaderFetcher(leader, client, settings, throttle, durability, clock);
        fetcher.thread.start();
        return fetcher;
    }

    /** From now on these partitions are fetched, and no others. */
    void follow(List<Followed> partitions) {
        inbox.add(new Event.Follow(partitions));
    }

    /** Ends soon. */
    @Override
    public void close() {
        closed = true;
        inbox.add(new Event.Closed());
    }

    void join() {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closed) {
                Event event = nextEvent();
                while (event != null && !closed) {
                    handle(event);
                    event = inbox.poll();
                }
                wakePaused(System.nanoTime());
                send();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Event nextEvent() throws InterruptedException {
        long nowNanos = System.nanoTime();
        long waitNanos = Long.MAX_VALUE;
        Pause pause = paused.peek();
        if (pause != null) {
            waitNanos = Math.max(0, pause.untilNanos() - nowNanos);
        }
        if (!added.isEmpty() && addedFlights == 0) {
            waitNanos = Math.min(waitNanos, throttle.nanosUntilAvailable(nowNanos));
        }
        return inbox.poll(waitNanos, TimeUnit.NANOSECONDS);
    }

    private void handle(Event event) {
        try {
            switch (event) {
                case Event.Follow(List<Followed> partitions) -> replace(partitions);
                case Event.Answered(Flight flight, FetchResponse answer, Throwable failure) -> {
                    landed(flight);
                    if (answer != null && answer.error() == Errors.NONE) {
                        answered(flight, answer.data());
                    } else {
                        failed(flight, answer == null ? failure : answer.error().exception());
                    }
                }
                case Event.Ranged(Followed each, LeaderRange.Range found) -> {
                    each.flight = null;
                    if (isCurrent(each)) {
                        ranged(each, found);
                    }
                }
                case Event.Flushed(Followed each, Throwable failure) -> {
                    each.flight = null;
                    if (isCurrent(each)) {
                        flushed(each, failure);
                    }
                }
                case Event.Closed() -> {}
            }
        } catch (RuntimeException e) {
            LOG.error("fetching from {} failed", leader.endpoint(), e);
        }
    }

    private void replace(List<Followed> partitions) {
        Map<Uuid, Map<Integer, Followed>> before = new HashMap<>(followed);
        followed.clear();
        for (Followed next : partitions) {
            Uuid topicId = next.partition.topicId();
            Followed known = before.getOrDefault(topicId, Map.of()).get(next.partition.index());
            boolean same = known != null && known.partition == next.partition && known.as.equals(next.as);
            Followed kept = same ? known : next;
            kept.added = next.added;
            followed.computeIfAbsent(topicId, _ -> new HashMap<>()).put(next.partition.index(), kept);
            if (!same) {
                ready(kept, fresh);
            }
        }
        for (ArrayDeque<Followed> queue : List.of(hot, idle, fresh, added)) {
            queue.removeIf(each -> !isCurrent(each));
        }
        // The leader waits for those that are in sync now.
        added.stream().filter(each -> !each.isThrottled()).forEach(fresh::add);
        added.removeIf(each -> !each.isThrottled());
        // What they wait for may have come with the image.
        wakePaused(Long.MAX_VALUE);
    }

    private boolean isCurrent(Followed each) {
        Map<Integer, Followed> ofTopic = followed.get(each.partition.topicId());
        return ofTopic != null && ofTopic.get(each.partition.index()) == each;
    }

    private void wakePaused(long nowNanos) {
        Pause pause;
        while ((pause = paused.peek()) != null && (nowNanos == Long.MAX_VALUE || pause.untilNanos() - nowNanos <= 0)) {
            paused.remove();
            if (isCurrent(pause.followed())) {
                ready(pause.followed(), fresh);
            }
        }
    }

    private void ready(Followed each, ArrayDeque<Followed> queue) {
        CompletableFuture<Void> durable = durability.apply(each.partition);
        if (durable.state() == Future.State.SUCCESS) {
            (each.isThrottled() ? added : queue).add(each);
        } else {
            each.flight = durable;
            durable.whenComplete((_, failure) -> inbox.add(new Event.Flushed(each, failure)));
        }
    }

    private void flushed(Followed each, @Nullable Throwable failure) {
        if (failure == null) {
            ready(each, fresh);
        } else {
            LOG.warn("{} cannot follow, for it cannot be made durable: {}", each.partition, failure.getMessage());
            pause(each);
        }
    }

    private void pause(Followed each) {
        long pauseNanos = each.backoffNanos(settings.backoffInitial().toNanos(), settings.backoffMax().toNanos());
        paused.add(new Pause(each, System.nanoTime() + pauseNanos));
    }

    private void send() {
        int idleLimit = settings.maxIdleFetches();
        // One place is kept for what is fresh, which would otherwise wait behind those that wait.
        if (idleFlights < idleLimit && !fresh.isEmpty() || idleFlights < idleLimit - 1 && !idle.isEmpty()) {
            idle.addAll(fresh);
            fresh.clear();
            idleFlights++;
            depart(Flight.Kind.IDLE, idle, settings.fetchMaxSize().toBytes());
        } else if (hotFlights == 0) {
            hot.addAll(fresh);
            hot.addAll(idle);
            fresh.clear();
            idle.clear();
        }
        if (hotFlights == 0 && !hot.isEmpty()) {
            hotFlights++;
            depart(Flight.Kind.HOT, hot, settings.fetchMaxSize().toBytes());
        }
        long allowed = added.isEmpty() || addedFlights > 0 ? 0 : throttle.available(System.nanoTime());
        if (allowed > 0) {
            addedFlights++;
            depart(Flight.Kind.ADDED, added, Math.min(allowed, settings.fetchMaxSize().toBytes()));
        }
    }

    private void depart(Flight.Kind kind, ArrayDeque<Followed> queue, long maxBytes) {
        Flight flight = new Flight(kind, List.copyOf(queue));
        queue.clear();
        for (Followed each : flight.partitions()) {
            each.flight = flight;
        }
        client.send(leader.endpoint(), LANE, requests.of(flight, (int) maxBytes), FetchResponse.class, settings
                .fetchTimeout())
                .whenComplete((answer, failure) -> inbox.add(new Event.Answered(flight, answer, failure)));
    }

    private void landed(Flight flight) {
        switch (flight.kind()) {
            case HOT -> hotFlights--;
            case IDLE -> idleFlights--;
            case ADDED -> addedFlights--;
        }
    }

    private void failed(Flight flight, @Nullable Throwable failure) {
        if (reachable && !closed) {
            reachable = false;
            LOG.info("nothing can be fetched from {}: {}", leader.endpoint(), failure == null ? "no answer"
                    : failure
                            .getMessage());
        }
        for (Followed each : flight.partitions()) {
            each.flight = null;
            if (isCurrent(each)) {
                pause(each);
            }
        }
    }

    private void answered(Flight flight, FetchResponseData answer) {
        reachable = true;
        long bytes = 0;
        for (FetchableTopicResponse topic : answer.responses()) {
            Map<Integer, Followed> ofTopic = followed.getOrDefault(topic.topicId(), Map.of());
            for (PartitionData data : topic.partitions()) {
                Followed each = ofTopic.get(data.partitionIndex());
                // What is no longer followed, or was asked in another flight, says nothing.
                if (each != null && each.flight == flight) {
                    each.flight = null;
                    bytes += FetchResponse.recordsSize(data);
                    answered(each, data);
                }
            }
        }
        if (flight.kind() == Flight.Kind.ADDED) {
            throttle.take(bytes);
        }
        for (Followed each : flight.partitions()) {
            if (each.flight == flight) {
                each.flight = null;
                if (isCurrent(each)) {
                    nothingNew(each);
                }
            }
        }
    }

    private void nothingNew(Followed each) {
        each.succeeded();
        each.emptyFetches++;
        ready(each, each.emptyFetches < EMPTY_FETCHES_UNTIL_IDLE ? hot : idle);
    }

    private void answered(Followed each, PartitionData data) {
        Errors error = Errors.forCode(data.errorCode());
        try {
            switch (error) {
                case NONE -> {
                    if (FetchResponse.isDivergingEpoch(data)) {
                        diverged(each, data.divergingEpoch());
                    } else {
                        append(each, data);
                    }
                }
                case OFFSET_OUT_OF_RANGE -> {
                    each.flight = range;
                    range.find(each.partition, each.as.leaderEpoch(), found -> inbox.add(new Event.Ranged(each,
                            found)));
                }
                // The leader or this broker has yet to hear of a change, or the leader's disk fails.
                default -> {
                    LOG.debug("{} cannot be fetched from {}: {}", each.partition, leader.endpoint(), error);
                    pause(each);
                }
            }
        } catch (RuntimeException e) {
            cannotFollow(each, e);
        }
    }

    /** It alone: the others of its fetch go on. */
    private void cannotFollow(Followed each, RuntimeException failure) {
        if (failure instanceof KafkaStorageException) {
            LOG.warn("{} cannot follow: {}", each.partition, failure.getMessage());
        } else {
            LOG.error("{} cannot follow", each.partition, failure);
        }
        pause(each);
    }

    private void append(Followed each, PartitionData data) {
        MemoryRecords records = data.records() instanceof MemoryRecords present ? present : MemoryRecords.EMPTY;
        Errors refusal = each.partition.appendAsFollower(each.as, each.askedOffset, records, data.highWatermark(), data
                .logStartOffset(), clock.millis());
        if (refusal != Errors.NONE) {
            if (refusal != Errors.NOT_LEADER_OR_FOLLOWER) {
                LOG.warn("what {} sent of {} from offset {} on is not taken: {}", leader.endpoint(), each.partition,
                        each.askedOffset, refusal);
            }
            pause(each);
            return;
        }
        each.caughtUp = each.partition.log().logEndOffset() >= data.highWatermark();
        if (records.sizeInBytes() == 0) {
            nothingNew(each);
        } else {
            each.succeeded();
            each.emptyFetches = 0;
            ready(each, hot);
        }
    }

    private void diverged(Followed each, FetchResponseData.EpochEndOffset leaders) {
        Partition partition = each.partition;
        if (each.replica().joins(each.askedOffset, leaders.epoch(), leaders.endOffset())) {
            if (partition.joinEpoch(each.as, each.askedOffset)) {
                ready(each, fresh);
            } else {
                pause(each);
            }
            return;
        }
        if (partition.cutDiverging(each.as, each.askedOffset, leaders.epoch(), leaders.endOffset(), clock.millis())) {
            LOG.info("{} differs from its leader's log after epoch {}, which ends at {} there: cut from {} to {}",
                    partition, leaders.epoch(), leaders.endOffset(), each.askedOffset, partition.log()
                            .logEndOffset());
            ready(each, fresh);
        } else {
            pause(each);
        }
    }

    private void ranged(Followed each, LeaderRange.@Nullable Range found) {
        try {
            if (found != null && each.partition.comeIntoRange(each.as, each.askedOffset, found.logStart(), found
                    .logEnd(), clock.millis())) {
                LOG.info("{} ended at {}, where its leader has {} to {}: it goes on from {}", each.partition,
                        each.askedOffset, found.logStart(), found.logEnd(), each.partition.log().logEndOffset());
            }
            if (each.partition.log().logEndOffset() == each.askedOffset) {
                // The same question may well have the same answer.
                pause(each);
            } else {
                ready(each, fresh);
            }
        } catch (RuntimeException e) {
            cannotFollow(each, e);
        }
    }
}
