package io.millrace.gateway.consumers;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Answered;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Settings;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.answers.AnswerShare;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.FetchFrom;
import io.millrace.gateway.brokers.FetchLimits;
import io.millrace.gateway.brokers.Fetched;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.Shutdown;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.consumers.PollBatch.Source;
import io.millrace.gateway.records.RecordFormat;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Polls: asks the coordinator what may be read, reads it from the leaders, and gives it out only when the coordinator has taken down how
 * far that was. A poll that waits goes back to the coordinator now and then, so that it takes part in rebalances.
 */
@Component
final class Polls {
    private static final Logger LOG = LoggerFactory.getLogger(Polls.class);
    /** A round of fetching for less is not worth its way. */
    private static final int LEAST_FETCH_BYTES = 16 * 1024;
    /** How often a poll begins anew because its partitions changed hands under it; then it is refused. */
    private static final int MAX_REASSIGNMENTS = 3;
    /** How often the coordinator is told how far a poll got, when it is not known whether it has heard. */
    private static final int MAX_DELIVERIES = 3;

    private final ServiceClients services;
    private final Brokers fetches;
    private final Brokers lookups;
    private final Topics topics;
    private final Shutdown shutdown;
    private final ConsumersProperties properties;

    Polls(ServiceClients services, Topics topics, Brokers brokers, Shutdown shutdown, ConsumersProperties properties) {
        this.services = services;
        this.topics = topics;
        this.properties = properties;
        // A poll has other partitions to read while one has no leader, and its own end.
        this.fetches = brokers.withPatience(Duration.ZERO);
        this.lookups = brokers.withPatience(properties.heartbeat());
        this.shutdown = shutdown;
    }

    /**
     * @param waitMs   longest wait without records; null: the instance's setting
     * @param maxBytes null: the gateway's setting
     * @param pollId   see {@link BeginPoll}
     * @param accept   the format that the client wants, or null when it takes any
     */
    record Request(String group, String instance, @Nullable Integer waitMs, @Nullable Integer maxBytes,
            @Nullable String pollId,
            @Nullable RecordFormat accept) {}

    /**
     * Records, rendered.
     *
     * @param isAwaited whether it is to be noted how the answer goes out
     */
    record Answer(RecordFormat format, PollBatch batch, long pollNumber, boolean isAwaited) {}

    /**
     * @param share   what the answer may hold
     * @param hasLeft whether there is nobody any more to give records to: then none is taken down as given out
     */
    Answer poll(Request request, AnswerShare share, BooleanSupplier hasLeft)
            throws ClientLeftException, InterruptedException {
        var instances = services.instances(request.group);
        long deadline = 0;
        int refused = 0;
        Long continued = null;
        var found = new HashMap<PollBatch.Found, Long>();
        while (true) {
            if (hasLeft.getAsBoolean()) {
                throw new ClientLeftException();
            }
            long begun = System.nanoTime();
            var grant = instances.beginPoll(request.group, request.instance,
                    new BeginPoll(request.pollId, (int) properties.heartbeat().toMillis(), null, continued));
            continued = grant.pollNumber();
            var format = RecordFormat.ofLabel(grant.settings().format());
            checkAccepted(request.accept, format);
            deadline = deadline == 0 ? begun + waitNanos(request, grant.settings()) : deadline;
            share.clear();
            var batch = new PollBatch(share, format, budgetBytes(request), grant.repeatUpTo());
            grant.partitions().stream().filter(granted -> isPresent(granted.topic(), granted.topicId())).forEach(
                    batch::add);
            batch.rotate(grant.pollNumber());
            if (grant.repeatUpTo()) {
                repeat(batch, share, grant.settings(), deadline);
            } else {
                batch.beginWhereFound(found);
                read(batch, share, grant.settings(), begun, deadline);
                batch.rememberFound(found);
            }
            batch.refuseIfEmpty();
            boolean isAnswer = batch.written() > 0 || grant.repeatUpTo();
            if (isAnswer && hasLeft.getAsBoolean()) {
                throw new ClientLeftException();
            }
            boolean taken = deliver(instances, request, new Delivered(grant.pollNumber(), batch.delivered(), batch
                    .starts(), isAnswer), refused < MAX_REASSIGNMENTS);
            if (!taken) {
                refused++;
            } else if (isAnswer || isOver(deadline)) {
                if (!isAnswer && share.wasRefused()) {
                    throw share.refusal();
                }
                return new Answer(format, batch, grant.pollNumber(), isAnswer);
            }
        }
    }

    /** A client is not kept waiting by a gateway that shuts down: it goes on at another. */
    private boolean isOver(long deadline) {
        return shutdown.hasBegun() || System.nanoTime() - deadline >= 0;
    }

    /** Returns false when partitions went to another member while they were read: what was read is void, and the rest is read anew. */
    private static boolean deliver(InstancesApi instances, Request request, Delivered delivered, boolean mayReadAnew) {
        if (delivered.positions().isEmpty()) {
            return true;
        }
        for (int told = 1;; told++) {
            try {
                instances.delivered(request.group, request.instance, delivered);
                return true;
            } catch (RefusedException refusal) {
                // An attempt whose outcome is unknown may have been taken down; once more does no harm, and of an answer that
                // does not go out nobody will tell.
                if (refusal.code().isRetriable() && told < MAX_DELIVERIES) {
                    continue;
                }
                if (refusal.code() == ErrorCode.FENCED_MEMBER_EPOCH && mayReadAnew) {
                    return false;
                }
                throw refusal;
            }
        }
    }

    /**
     * Has it noted how the answer went out: one that did not is given again, not taken for confirmed by the next poll. So is one of which
     * nothing can be noted.
     */
    void answered(Request request, Answer answer, boolean whole) {
        if (!answer.isAwaited) {
            return;
        }
        try {
            services.instances(request.group).answered(request.group, request.instance, new Answered(answer.pollNumber,
                    whole));
        } catch (RefusedException refusal) {
            LOG.info("Group {}: consumer {} is given records again, for it cannot be noted that it has got them: {}",
                    request.group, request.instance, refusal.getMessage());
        }
    }

    private static void checkAccepted(@Nullable RecordFormat accepted, RecordFormat format) {
        if (accepted != null && accepted != format) {
            throw new RefusedException(ErrorCode.FORMAT_MISMATCH, "the consumer instance was created with the format "
                    + format.label()
                    + ", whose media type is " + format.mediaType());
        }
    }

    private long waitNanos(Request request, Settings settings) {
        if (request.waitMs != null && request.waitMs < 0) {
            throw new RefusedException(ErrorCode.INVALID_SETTING, "timeout: " + request.waitMs + " is negative");
        }
        int wantedMs = request.waitMs == null ? settings.requestTimeoutMs() : request.waitMs;
        return Math.min(Duration.ofMillis(wantedMs).toNanos(), properties.maxPollWait().toNanos());
    }

    private long budgetBytes(Request request) {
        if (request.maxBytes == null) {
            return properties.pollBytes().toBytes();
        }
        if (request.maxBytes < 1) {
            throw new RefusedException(ErrorCode.INVALID_SETTING, "max_bytes: " + request.maxBytes + " is less than 1");
        }
        return Math.min(request.maxBytes, properties.maxPollBytes().toBytes());
    }

    /**
     * Reads until there is enough or the time is over; while there is nothing, only until the coordinator is to be asked again, and while
     * there is less than the client wants, not so long that its session could run out.
     */
    private void read(PollBatch batch, AnswerShare share, Settings settings, long begun, long deadline)
            throws InterruptedException {
        long heartbeatAt = begun + properties.heartbeat().toNanos();
        long sessionAt = begun + Duration.ofMillis(settings.sessionTimeoutMs() / 2).toNanos();
        begin(batch.sources().stream().filter(source -> !source.hasPosition()).toList(), settings);
        int rounds = 0;
        while (rounds < properties.maxRounds()) {
            boolean enough = batch.written() > 0 && (batch.usedBytes() >= settings.fetchMinBytes() || batch
                    .roomBytes() == 0);
            var wanted = enough ? batch.open().stream().filter(Source::hasMore).toList() : batch.open();
            if (enough && (wanted.isEmpty() || batch.roomBytes() < LEAST_FETCH_BYTES)) {
                return;
            }
            long until = Math.min(deadline, batch.written() > 0 ? sessionAt : heartbeatAt);
            long left = Math.max(0, until - System.nanoTime());
            if (wanted.isEmpty()) {
                Thread.sleep(Duration.ofNanos(Math.min(left, properties.assignmentWait().toNanos())));
                return;
            }
            fetch(batch, share, wanted, enough ? Duration.ZERO : Duration.ofNanos(left), settings);
            rounds += enough ? 1 : 0;
            if (!enough && (left == 0 || shutdown.hasBegun())) {
                return;
            }
        }
    }

    /** Reads again what an earlier poll had given out, all of it. */
    private void repeat(PollBatch batch, AnswerShare share, Settings settings, long deadline)
            throws InterruptedException {
        for (var open = batch.open(); !open.isEmpty(); open = batch.open()) {
            long before = open.stream().mapToLong(Source::position).sum();
            long left = isOver(deadline) ? 0 : deadline - System.nanoTime();
            fetch(batch, share, open, Duration.ofNanos(left), settings);
            if (share.wasRefused()) {
                // It would wait for others with what it has rendered in its hands.
                throw share.refusal();
            }
            var still = batch.open();
            if (left == 0 && still.size() == open.size() && still.stream().mapToLong(Source::position)
                    .sum() == before) {
                var missing = still.getFirst().granted();
                throw Brokers.leaderUnavailable(missing.topic(), missing.partition());
            }
        }
    }

    private void fetch(PollBatch batch, AnswerShare share, List<Source> wanted, Duration wait, Settings settings)
            throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        int totalBytes = share.fetchBytes(Math.max(batch.roomBytes(), 1));
        int partitionBytes = Math.max(totalBytes / wanted.size(), Math.min(totalBytes, LEAST_FETCH_BYTES));
        boolean readCommitted = readsCommitted(settings);
        var fetched = fetches.fetch(wanted.stream()
                .map(source -> new FetchFrom(source.granted().topic(), source.granted().partition(), source.position()))
                .toList(),
                new FetchLimits(wait, totalBytes, partitionBytes, readCommitted, share));
        for (int i = 0; i < fetched.size(); i++) {
            take(batch, wanted.get(i), fetched.get(i), settings);
        }
        share.releaseFetched();
        if (batch.written() == 0 && fetched.stream().anyMatch(each -> each.error() == ErrorCode.QUEUE_FULL)) {
            share.awaitRoom(deadline);
        }
    }

    private void take(PollBatch batch, Source source, Fetched fetched, Settings settings) throws InterruptedException {
        switch (fetched.error()) {
            case null -> {
                if (!fetched.hasRecords()) {
                    return;
                }
                if (isPresent(source.granted().topic(), source.granted().topicId())) {
                    source.endsAt(fetched.highWatermark());
                    batch.write(source, fetched.records());
                } else {
                    source.giveUp();
                }
            }
            case ErrorCode.OFFSET_OUT_OF_RANGE -> {
                if (source.granted().endPosition() != null) {
                    source.repeatFrom(fetched.logStartOffset());
                } else if (isGone(fetched)) {
                    begin(List.of(source), settings);
                }
            }
            // Deleted, which the coordinator learns by itself: asked for again, it would end every wait for the others at once.
            case ErrorCode.UNKNOWN_TOPIC, ErrorCode.UNKNOWN_PARTITION -> source.giveUp();
            // No leader at the moment, or no memory for what it answered: the others are served.
            case ErrorCode _ -> {}
        }
    }

    /** False while nobody can tell: the position stays. */
    private boolean isGone(Fetched outOfRange) throws InterruptedException {
        try {
            return !lookups.rangeOf(outOfRange).contains(outOfRange.from().offset());
        } catch (RefusedException refusal) {
            return false;
        }
    }

    /** Applies {@code auto.offset.reset} to partitions without a position, or with one that is not in the log. */
    private void begin(List<Source> sources, Settings settings) throws InterruptedException {
        if (sources.isEmpty()) {
            return;
        }
        long time = switch (settings.autoOffsetReset()) {
            case "earliest" -> OffsetQuery.EARLIEST;
            case "latest" -> OffsetQuery.LATEST;
            default -> throw new RefusedException(ErrorCode.OFFSET_OUT_OF_RANGE, describe(sources.getFirst())
                    + " and auto.offset.reset is none; POST to positions");
        };
        try {
            var found = lookups.offsets(sources.stream()
                    .map(source -> new OffsetQuery(source.granted().topic(), source.granted().partition(), time))
                    .toList(), readsCommitted(settings));
            for (int i = 0; i < found.size(); i++) {
                sources.get(i).beginAt(found.get(i).offset());
            }
        } catch (RefusedException refusal) {
            // Their leaders are away: these partitions wait for the next poll.
            if (!refusal.code().isRetriable() && refusal.code().httpStatus() != 404) {
                throw refusal;
            }
        }
    }

    static boolean readsCommitted(Settings settings) {
        return settings.isolationLevel().equals("read_committed");
    }

    private static String describe(Source source) {
        var granted = source.granted();
        return granted.topic() + "-" + granted.partition() + (source.hasPosition()
                ? ": offset " + source.position() + " is outside the log"
                : ": the group has committed no offset");
    }

    /** A topic of the same name that was made since is another topic. */
    private boolean isPresent(String topic, String topicId) {
        var present = topics.image().topic(topic);
        return present != null && present.id().equals(Uuid.fromString(topicId));
    }
}
