package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Reads from the leaders. Calls block their thread, which is a virtual one. A leader that is away, has moved or does not know the partition
 * yet is asked again, by the newest image, until the call's time is over.
 */
@Component
public final class Brokers {
    /** Beyond the wait that a request asks for: the way there and back. */
    private static final Duration TRANSFER_ALLOWANCE = Duration.ofSeconds(5);

    private final Topics topics;
    private final BrokerClient client;
    private final BrokersProperties properties;

    public Brokers(Topics topics, BrokerClient client, BrokersProperties properties) {
        this.topics = topics;
        this.client = client;
        this.properties = properties;
    }

    /**
     * Fetches from the leaders of several partitions. Returns as soon as there are records in any or one cannot be read from where it was
     * asked, else when the wait is over; partitions that have not answered by then are without records and without error.
     *
     * @return one element for each wanted, in the same order
     */
    public List<Fetched> fetch(List<FetchFrom> wanted, FetchLimits limits) throws InterruptedException {
        long start = System.nanoTime();
        long waitDeadline = start + limits.maxWait().toNanos();
        long retryDeadline = start + Math.max(limits.maxWait().toNanos(), properties.requestTimeout().toNanos());
        boolean mayWait = false;
        while (true) {
            Map<BrokerEndpoint, FetchCall> calls = new LinkedHashMap<>();
            Fetched[] results = plan(wanted, calls);
            // Several leaders are first asked for what they have: one that waits must not delay what another holds.
            long left = Math.max(0, waitDeadline - System.nanoTime());
            mayWait |= calls.size() <= 1;
            send(calls, limits, mayWait ? Duration.ofNanos(left) : Duration.ZERO, results);
            boolean settled = false;
            boolean unavailable = false;
            for (Fetched result : results) {
                settled |= result.hasRecords() || result.error() != null && !result.isUnavailable();
                unavailable |= result.isUnavailable();
            }
            long now = System.nanoTime();
            boolean timeIsUp = now >= (unavailable ? retryDeadline : waitDeadline);
            if (settled || timeIsUp || unavailable && results.length > 1 && now >= waitDeadline) {
                return List.of(results);
            }
            mayWait = true;
            if (unavailable) {
                Thread.sleep(properties.retryBackoff());
            }
        }
    }

    /**
     * Looks offsets up at the leaders.
     *
     * @return one element for each query, in the same order
     * @throws RefusedException with {@code UNKNOWN_TOPIC}, {@code UNKNOWN_PARTITION}, or {@code LEADER_UNAVAILABLE} when the time is over
     */
    public List<FoundOffset> offsets(List<OffsetQuery> queries) throws InterruptedException {
        long deadline = System.nanoTime() + properties.requestTimeout().toNanos();
        FoundOffset[] found = new FoundOffset[queries.size()];
        while (true) {
            Map<BrokerEndpoint, OffsetsCall> calls = new LinkedHashMap<>();
            OffsetQuery missing = null;
            for (int i = 0; i < found.length; i++) {
                if (found[i] == null) {
                    OffsetQuery query = queries.get(i);
                    PartitionImage partition = topics.require(query.topic(), query.partition());
                    BrokerEndpoint leader = Topics.leader(topics.image(), partition);
                    if (leader != null) {
                        calls.computeIfAbsent(leader, _ -> new OffsetsCall()).add(i, query);
                    }
                    missing = query;
                }
            }
            if (missing == null) {
                return List.of(found);
            }
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            if (left.isNegative() || left.isZero()) {
                throw leaderUnavailable(missing.topic(), missing.partition());
            }
            ask(calls, left, found);
            boolean complete = true;
            for (FoundOffset offset : found) {
                complete &= offset != null;
            }
            if (!complete) {
                Thread.sleep(properties.retryBackoff());
            }
        }
    }

    /** One offset: see {@link #offsets}. */
    public long offset(String topic, int partition, long timestampMs) throws InterruptedException {
        return offsets(List.of(new OffsetQuery(topic, partition, timestampMs))).getFirst().offset();
    }

    public static RefusedException leaderUnavailable(String topic, int partition) {
        return new RefusedException(ErrorCode.LEADER_UNAVAILABLE,
                "no broker that leads partition " + partition + " of topic '" + topic + "' answers; try again");
    }

    private Fetched[] plan(List<FetchFrom> wanted, Map<BrokerEndpoint, FetchCall> calls) {
        Fetched[] results = new Fetched[wanted.size()];
        for (int i = 0; i < results.length; i++) {
            FetchFrom from = wanted.get(i);
            ClusterImage image = topics.image();
            TopicImage topic = image.topic(from.topic());
            PartitionImage partition = topic == null ? null : topic.partition(from.partition());
            if (topic == null || partition == null) {
                results[i] = Fetched.failed(from, topic == null ? ErrorCode.UNKNOWN_TOPIC
                        : ErrorCode.UNKNOWN_PARTITION);
                continue;
            }
            BrokerEndpoint leader = Topics.leader(image, partition);
            if (leader == null) {
                results[i] = Fetched.failed(from, ErrorCode.LEADER_UNAVAILABLE);
            } else {
                results[i] = Fetched.nothing(from);
                calls.computeIfAbsent(leader, _ -> new FetchCall()).add(i, from, topic);
            }
        }
        return results;
    }

    private void send(Map<BrokerEndpoint, FetchCall> calls, FetchLimits limits, Duration wait, Fetched[] results)
            throws InterruptedException {
        record Answer(FetchCall call, @Nullable FetchResponse response) {}
        var answers = new LinkedBlockingQueue<Answer>();
        calls.forEach((leader, call) -> client
                .send(leader, Lane.LONG_POLL, call.request(limits, wait), FetchResponse.class, wait.plus(
                        TRANSFER_ALLOWANCE))
                .whenComplete((response, _) -> answers.add(new Answer(call, response))));
        long deadline = System.nanoTime() + wait.plus(TRANSFER_ALLOWANCE).toNanos();
        boolean enough = false;
        for (int open = calls.size(); open > 0; open--) {
            // Once there is something to return, only what has come already is taken along.
            Answer answer = enough ? answers.poll() : answers.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (answer == null) {
                return;
            }
            enough |= answer.call.accept(answer.response, results);
        }
    }

    private void ask(Map<BrokerEndpoint, OffsetsCall> calls, Duration timeout, FoundOffset[] found)
            throws InterruptedException {
        var pending = new ArrayList<Runnable>();
        for (var entry : calls.entrySet()) {
            OffsetsCall call = entry.getValue();
            var future = client.send(entry.getKey(), Lane.DATA, call.request(), ListOffsetsResponse.class, timeout);
            pending.add(() -> {
                try {
                    call.accept(future.get(), found);
                } catch (ExecutionException _) {
                    // Not answered: asked again, at whoever leads then, until the deadline.
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        pending.forEach(Runnable::run);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }
}
