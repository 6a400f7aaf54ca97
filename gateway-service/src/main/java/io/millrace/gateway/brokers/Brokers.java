package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.wire.BrokerClient;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.IsolationLevel;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Reads from the leaders. Calls block their thread, which is a virtual one. A leader that is away, has moved or does not know the partition
 * yet is asked again until the call's time is over: at once when the image names another, else after a back-off. A call ends early when the
 * gateway's shutdown begins.
 */
@Component
public final class Brokers {
    private final BrokerAccess access;
    private final Waits waits;
    private final BooleanSupplier ending;

    @Autowired
    public Brokers(Topics topics, Leaders leaders, BrokerClient client, BrokersProperties properties, Waits waits) {
        this(new BrokerAccess(topics, leaders, client, properties), waits, waits::shutdownHasBegun);
    }

    private Brokers(BrokerAccess access, Waits waits, BooleanSupplier ending) {
        this.access = access;
        this.waits = waits;
        this.ending = ending;
    }

    /** The same, waiting so long for leaders that are away; zero: asking them once. */
    public Brokers withPatience(Duration requestTimeout) {
        var others = access.properties();
        var changed = new BrokersProperties(requestTimeout, others.retryBackoff(), others.retryBackoffMax(),
                Duration.ZERO, others.olderLeaderPatience(), others.client());
        return new Brokers(new BrokerAccess(access.topics(), access.leaders(), access.client(), changed), waits,
                ending);
    }

    /** The same, for threads that are interrupted when they are to end, at shutdown too. */
    public Brokers forBackground() {
        return new Brokers(access, waits, () -> false);
    }

    /**
     * Fetches from the leaders of several partitions. Returns as soon as there are records in any or one cannot be read from where it was
     * asked, else when the wait is over or the gateway's shutdown begins. Partitions that others got ahead of are without records and
     * without error; those that had their time and did not answer are {@code LEADER_UNAVAILABLE}. What there was no memory for is {@code QUEUE_FULL}, at once.
     *
     * @return one element for each wanted, in the same order
     */
    public List<Fetched> fetch(List<FetchFrom> wanted, FetchLimits limits) throws InterruptedException {
        try (Mailbox mailbox = waits.open()) {
            return new Fetching(wanted, limits, access, mailbox, ending).run();
        }
    }

    /**
     * Looks offsets up at the leaders.
     *
     * @return one element for each query, in the same order
     * @throws RefusedException with {@code UNKNOWN_TOPIC}, {@code UNKNOWN_PARTITION}, {@code LEADER_UNAVAILABLE} when the time is over, or
     *                          {@code UNAVAILABLE} when the gateway's shutdown begins
     */
    public List<FoundOffset> offsets(List<OffsetQuery> queries) throws InterruptedException {
        return offsets(queries, false);
    }

    /** @param readCommitted whether a partition ends before the first transaction that is not over: see {@link #offsets(List)} */
    public List<FoundOffset> offsets(List<OffsetQuery> queries, boolean readCommitted) throws InterruptedException {
        var isolation = readCommitted ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED;
        try (Mailbox mailbox = waits.open()) {
            return new OffsetLookup(queries, isolation, access, mailbox, ending).run();
        }
    }

    /** One offset: see {@link #offsets(List)}. */
    public long offset(String topic, int partition, long timestampMs) throws InterruptedException {
        return offsets(List.of(new OffsetQuery(topic, partition, timestampMs))).getFirst().offset();
    }

    /**
     * What the log has of which a fetch asked for something else. A leader that has just begun may know more by now than when it refused: then
     * the offset is in here.
     *
     * @throws RefusedException as {@link #offsets(List)}
     */
    public OffsetRange rangeOf(Fetched outOfRange) throws InterruptedException {
        String topic = outOfRange.from().topic();
        int partition = outOfRange.from().partition();
        long start = outOfRange.logStartOffset();
        long end = outOfRange.highWatermark();
        return new OffsetRange(start >= 0 ? start : offset(topic, partition, OffsetQuery.EARLIEST), end >= 0 ? end
                : offset(topic, partition, OffsetQuery.LATEST));
    }

    public static RefusedException leaderUnavailable(String topic, int partition) {
        return new RefusedException(ErrorCode.LEADER_UNAVAILABLE,
                "no broker that leads partition " + partition + " of topic '" + topic + "' answers; try again");
    }
}
