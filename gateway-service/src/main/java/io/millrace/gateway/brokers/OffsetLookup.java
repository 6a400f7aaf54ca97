package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.jspecify.annotations.Nullable;

/** One look-up of offsets: asks each leader by itself, and again when it fails or has moved, until all are found. */
final class OffsetLookup {
    private final List<OffsetQuery> queries;
    private final IsolationLevel isolation;
    private final BrokerAccess access;
    private final Mailbox mailbox;
    private final BooleanSupplier ending;
    private final @Nullable FoundOffset[] found;
    private final Attempts attempts;
    private final long deadlineNanos;

    OffsetLookup(List<OffsetQuery> queries, IsolationLevel isolation, BrokerAccess access, Mailbox mailbox,
            BooleanSupplier ending) {
        this.queries = queries;
        this.isolation = isolation;
        this.access = access;
        this.mailbox = mailbox;
        this.ending = ending;
        this.found = new FoundOffset[queries.size()];
        long now = System.nanoTime();
        this.attempts = new Attempts(queries.size(), access.properties().backoff(), now);
        this.deadlineNanos = now + access.properties().requestTimeout().toNanos();
    }

    List<FoundOffset> run() throws InterruptedException {
        boolean begunAtEnd = ending.getAsBoolean();
        while (true) {
            long now = System.nanoTime();
            OffsetQuery missing = ask(now);
            if (missing == null) {
                return List.of(found);
            }
            if (!begunAtEnd && ending.getAsBoolean()) {
                throw new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again");
            }
            if (now - deadlineNanos >= 0) {
                throw Brokers.leaderUnavailable(missing.topic(), missing.partition());
            }
            mailbox.await(attempts.nextNanos(deadlineNanos));
        }
    }

    /** @return one that is not found yet, or null */
    private @Nullable OffsetQuery ask(long now) {
        Map<BrokerEndpoint, OffsetsCall> calls = new LinkedHashMap<>();
        OffsetQuery missing = null;
        for (int i = 0; i < found.length; i++) {
            if (found[i] == null) {
                missing = queries.get(i);
                plan(i, missing, now, calls);
            }
        }
        Duration left = Duration.ofNanos(deadlineNanos - now);
        if (left.isPositive()) {
            calls.forEach((leader, call) -> send(leader, call, left));
        }
        return missing;
    }

    private void plan(int index, OffsetQuery query, long now, Map<BrokerEndpoint, OffsetsCall> calls) {
        TopicImage topic = access.topics().require(query.topic());
        PartitionImage partition = topic.partition(query.partition());
        if (partition == null) {
            throw Topics.unknownPartition(topic, query.partition());
        }
        BrokerEndpoint leader = access.leaders().leader(access.topics().image(), topic, partition);
        if (leader == null) {
            attempts.leaderless(index);
        } else if (attempts.isDue(index, leader, partition.leaderEpoch(), now)) {
            OffsetsCall call = calls.computeIfAbsent(leader, _ -> new OffsetsCall());
            if (!call.takes(query)) {
                call = new OffsetsCall();
                send(leader, call.add(index, query, partition.leaderEpoch()), Duration.ofNanos(Math.max(1, deadlineNanos
                        - now)));
            } else {
                call.add(index, query, partition.leaderEpoch());
            }
            attempts.asked(index, call, leader, partition.leaderEpoch());
        }
    }

    private void send(BrokerEndpoint leader, OffsetsCall call, Duration timeout) {
        access.client().send(leader, Lane.DATA, call.request(isolation), ListOffsetsResponse.class, timeout)
                .whenComplete((response, _) -> mailbox.post(() -> accept(call, response)));
    }

    private void accept(OffsetsCall call, @Nullable ListOffsetsResponse response) {
        long now = System.nanoTime();
        call.read(response, (index, offset) -> {
            if (!attempts.ends(index, call)) {
                return;
            }
            if (offset == null) {
                attempts.failed(index, now);
            } else {
                attempts.answered(index, now);
                found[index] = offset;
            }
        });
    }
}
