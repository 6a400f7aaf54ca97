package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.common.wire.ResponseRefusedException;
import io.millrace.gateway.brokers.FetchCall.Reader;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.requests.FetchResponse;
import org.jspecify.annotations.Nullable;

/** One fetch: asks each leader by itself, so that one that does not answer holds up none of the others. */
final class Fetching {
    /** Beyond the wait that a request asks for: the way there and back. */
    private static final Duration TRANSFER_ALLOWANCE = Duration.ofSeconds(5);
    /** The same, when others have answered or the gateway is shutting down. */
    private static final Duration SHORT_ALLOWANCE = Duration.ofMillis(500);

    private final List<FetchFrom> wanted;
    private final FetchLimits limits;
    private final Topics topics;
    private final BrokerAccess access;
    private final Mailbox mailbox;
    private final BooleanSupplier ending;
    private final @Nullable Fetched[] results;
    private final Attempts attempts;
    private final boolean begunAtEnd;
    private final long waitDeadlineNanos;
    private final long retryDeadlineNanos;
    private boolean asked;
    private boolean settled;
    private int answered;

    Fetching(List<FetchFrom> wanted, FetchLimits limits, BrokerAccess access, Mailbox mailbox, BooleanSupplier ending) {
        this.wanted = wanted;
        this.limits = limits;
        this.access = access;
        this.topics = access.topics();
        this.mailbox = mailbox;
        this.ending = ending;
        this.results = new Fetched[wanted.size()];
        this.begunAtEnd = ending.getAsBoolean();
        long now = System.nanoTime();
        this.attempts = new Attempts(wanted.size(), access.properties().backoff(), now);
        this.waitDeadlineNanos = begunAtEnd ? now : now + limits.maxWait().toNanos();
        this.retryDeadlineNanos = begunAtEnd ? now
                : now + Math.max(limits.maxWait().toNanos(), access.properties()
                        .requestTimeout().toNanos());
    }

    List<Fetched> run() throws InterruptedException {
        while (true) {
            long now = System.nanoTime();
            ask(now);
            boolean isCutShort = !begunAtEnd && ending.getAsBoolean();
            if (settled || isCutShort) {
                return complete(true);
            }
            long end = endNanos();
            if (now - end >= 0) {
                return complete(false);
            }
            mailbox.await(attempts.nextNanos(end));
        }
    }

    /** When to give up, as things stand. */
    private long endNanos() {
        if (attempts.isAnyUnderWay()) {
            if (answered > 0 || begunAtEnd) {
                return waitDeadlineNanos + SHORT_ALLOWANCE.toNanos();
            }
            long latest = waitDeadlineNanos + TRANSFER_ALLOWANCE.toNanos();
            return latest - retryDeadlineNanos > 0 ? latest : retryDeadlineNanos;
        }
        // Those of several that cannot be read are the next call's.
        return answered == results.length || results.length > 1 ? waitDeadlineNanos : retryDeadlineNanos;
    }

    private void ask(long now) {
        Map<BrokerEndpoint, FetchCall> calls = new LinkedHashMap<>();
        ClusterImage image = topics.image();
        for (int i = 0; i < results.length; i++) {
            if (now - waitDeadlineNanos < 0 || !isAnswered(i)) {
                plan(i, image, now, calls);
            }
        }
        if (settled) {
            return;
        }
        // Several leaders are first asked for what they have: one that waits must not delay what another holds.
        long left = asked || calls.size() <= 1 ? Math.max(0, waitDeadlineNanos - now) : 0;
        asked |= !calls.isEmpty();
        calls.forEach((leader, call) -> send(leader, call, Duration.ofNanos(left)));
    }

    private void plan(int index, ClusterImage image, long now, Map<BrokerEndpoint, FetchCall> calls) {
        FetchFrom from = wanted.get(index);
        TopicImage topic = image.topic(from.topic());
        PartitionImage partition = topic == null ? null : topic.partition(from.partition());
        if (topic == null || partition == null) {
            results[index] = Fetched.failed(from, topic == null ? ErrorCode.UNKNOWN_TOPIC
                    : ErrorCode.UNKNOWN_PARTITION);
            settled = true;
            return;
        }
        BrokerEndpoint leader = access.leaders().leader(image, topic, partition);
        if (leader == null) {
            attempts.leaderless(index);
        } else if (attempts.isDue(index, leader, partition.leaderEpoch(), now)) {
            FetchCall call = calls.computeIfAbsent(leader, _ -> new FetchCall());
            call.add(index, from, topic, partition.leaderEpoch());
            attempts.asked(index, call, leader, partition.leaderEpoch());
        }
    }

    private void send(BrokerEndpoint leader, FetchCall call, Duration wait) {
        access.client().send(leader, Lane.LONG_POLL, call.request(limits, wait), FetchResponse.class, wait.plus(
                TRANSFER_ALLOWANCE), limits.memory())
                .whenComplete((response, failure) -> mailbox.post(() -> accept(call, response, failure)));
    }

    private void accept(FetchCall call, @Nullable FetchResponse response, @Nullable Throwable failure) {
        long now = System.nanoTime();
        Reader reader = (index, fetched) -> {
            if (!attempts.ends(index, call)) {
                return;
            }
            answered -= isAnswered(index) ? 1 : 0;
            results[index] = fetched;
            answered += isAnswered(index) ? 1 : 0;
            if (fetched.isUnavailable()) {
                attempts.failed(index, now);
            } else {
                attempts.answered(index, now);
                settled |= fetched.hasRecords() || fetched.error() != null;
            }
        };
        if (response != null) {
            call.read(response, reader);
        } else {
            // Asked again at once for as much, the leader would send it for nothing again.
            call.fail(failure instanceof ResponseRefusedException ? ErrorCode.QUEUE_FULL
                    : ErrorCode.LEADER_UNAVAILABLE, reader);
        }
    }

    private boolean isAnswered(int index) {
        Fetched result = results[index];
        return result != null && result.error() == null;
    }

    /** @param early before all had their time to answer */
    private List<Fetched> complete(boolean early) {
        Fetched[] all = new Fetched[results.length];
        for (int i = 0; i < all.length; i++) {
            Fetched result = results[i];
            all[i] = result != null ? result
                    : early ? Fetched.nothing(wanted.get(i))
                            : Fetched.failed(wanted.get(i), ErrorCode.LEADER_UNAVAILABLE);
        }
        return List.of(all);
    }
}
