package io.millrace.common.api;

import io.millrace.common.error.ErrorCode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.service.annotation.DeleteExchange;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;

/**
 * HTTP consumer instances. All that an instance is lives in the coordinator, so that any gateway can serve its next call. A subscribed
 * instance is a member of its group under its own name.
 *
 * <p>One poll: {@link #beginPoll} grants partitions with the positions to read from, the gateway fetches, {@link #delivered} tells how
 * far it got, only when that was taken are the records given to the client, and {@link #answered} tells that they were. A poll confirms
 * what the poll before delivered: what was delivered last is committed (if auto-commit is on) only after the client came back for more.
 * Of an answer that nobody told of, for its gateway died in the middle, the next poll gives the records again.
 *
 * <p>Served by the coordinator that holds the group's shard, any other answers {@link ErrorCode#NOT_COORDINATOR}. Calls on an instance that
 * does not exist, or has expired, are refused with {@code UNKNOWN_INSTANCE}.
 */
@HttpExchange("/internal/groups/{group}/instances")
public interface InstancesApi {
    /** Refused with {@code INSTANCE_EXISTS}, {@code INVALID_SETTING}, {@code TOO_MANY}. */
    @PostExchange
    Instance create(@PathVariable String group, @RequestBody CreateInstance request);

    @Repeatable
    @GetExchange("/{instance}")
    Instance describe(@PathVariable String group, @PathVariable String instance);

    /**
     * Leaves the group (committing first when auto-commit is on) and forgets the instance.
     *
     * @param lossy whether the client may not have got what was delivered since it last confirmed: then that is not committed
     */
    @DeleteExchange("/{instance}")
    void delete(@PathVariable String group, @PathVariable String instance, @RequestParam boolean lossy);

    /** Replaces the subscription; an empty one unsubscribes. Refused with {@code SUBSCRIPTION_CONFLICT} while partitions are assigned by hand. */
    @Repeatable
    @PostExchange("/{instance}/subscription")
    void subscribe(@PathVariable String group, @PathVariable String instance, @RequestBody Subscription subscription);

    /** Assigns partitions by hand. Refused with {@code SUBSCRIPTION_CONFLICT} while subscribed. */
    @Repeatable
    @PostExchange("/{instance}/assignments")
    void assign(@PathVariable String group, @PathVariable String instance, @RequestBody Assignment assignment);

    /**
     * The member's heartbeat, and leave to read: confirms the previous poll, supersedes one still under way. One that tells where a stream
     * stands is refused with {@code FENCED_MEMBER_EPOCH} when the instance is not a member any more, where any other would join anew.
     */
    @Repeatable
    @PostExchange("/{instance}/poll")
    PollGrant beginPoll(@PathVariable String group, @PathVariable String instance, @RequestBody BeginPoll request);

    /**
     * Tells the positions after what this poll is about to hand to its client. Refused with {@code POLL_SUPERSEDED} or
     * {@code FENCED_MEMBER_EPOCH}; then the records must not be given out; after the latter, which is also the answer where another
     * coordinator has taken over and heard of no poll since, they may be read anew. To be repeated when the outcome is unknown.
     */
    @Repeatable
    @PostExchange("/{instance}/delivered")
    void delivered(@PathVariable String group, @PathVariable String instance, @RequestBody Delivered delivered);

    /**
     * Tells how the answer of a poll that delivered records went out to the client. Without effect once a newer poll has begun. That next
     * poll waits a moment to hear it, for a client may be quicker than this call; then it takes the answer for lost.
     */
    @Repeatable
    @PostExchange("/{instance}/answered")
    void answered(@PathVariable String group, @PathVariable String instance, @RequestBody Answered answered);

    /**
     * Moves positions: once answered, the next coordinator knows them too. Refused with {@code INVALID_REQUEST} for a partition the instance
     * does not own, and where they cannot be stored, or it cannot be told from what is committed whether that is newer.
     */
    @Repeatable
    @PostExchange("/{instance}/positions")
    void seek(@PathVariable String group, @PathVariable String instance, @RequestBody Seek seek);

    /**
     * What an explicit commit of "all delivered so far" is to contain, with the epoch that fences it. Also confirms it. Refused with
     * {@code FENCED_MEMBER_EPOCH} where the last answer is not known to have gone out whole, and where another coordinator has taken over and
     * heard of no poll since: then it is granted again. Refused with {@code INVALID_SETTING} of a stream, which is told of records before
     * its client is given them.
     */
    @Repeatable
    @PostExchange("/{instance}/confirm")
    Confirmed confirm(@PathVariable String group, @PathVariable String instance);

    /**
     * Confirms given positions, before they are committed with the epoch that it answers: else a commit at intervals could put what was
     * confirmed before in their place. Positions that the instance does not own are passed over.
     */
    @Repeatable
    @PostExchange("/{instance}/confirm-given")
    Confirmed confirmGiven(@PathVariable String group, @PathVariable String instance, @RequestBody Given given);

    /**
     * @param name                     null: the coordinator makes one up
     * @param format                   {@code json}, {@code binary} or {@code text}
     * @param autoOffsetReset          {@code earliest}, {@code latest} or {@code none}; null: {@code latest}, as Kafka
     * @param enableAutoCommit         null: true, as Kafka
     * @param fetchMinBytes            null: 1
     * @param requestTimeoutMs         longest wait of a poll without records; null: 1000
     * @param isolationLevel           {@code read_uncommitted} or {@code read_committed}; null: the former
     * @param sessionTimeoutMs         time without a call after which its partitions go to others; null: the coordinator's setting
     */
    record CreateInstance(
            @Nullable String name,
            String format,
            @Nullable String autoOffsetReset,
            @Nullable Boolean enableAutoCommit,
            @Nullable Integer fetchMinBytes,
            @Nullable Integer requestTimeoutMs,
            @Nullable String isolationLevel,
            @Nullable Integer sessionTimeoutMs) {}

    /** Settings with every default filled in. */
    record Settings(
            String format,
            String autoOffsetReset,
            boolean enableAutoCommit,
            int fetchMinBytes,
            int requestTimeoutMs,
            String isolationLevel,
            int sessionTimeoutMs) {}

    /**
     * @param topics     what it subscribed to by name; empty when by pattern, by hand or not at all
     * @param pattern    the pattern it subscribed to, or null
     * @param partitions what it may read now
     */
    record Instance(
            String instanceId,
            Settings settings,
            List<String> topics,
            @Nullable String pattern,
            long memberEpoch,
            List<TopicPartition> partitions) {}

    /** Either topics or a pattern. */
    record Subscription(List<String> topics, @Nullable String pattern) {}

    record Assignment(List<TopicPartition> partitions) {}

    /**
     * @param pollId a client's name for this poll; the same name as the last poll's repeats it from the same positions; null: none
     * @param waitMs how long the poll may wait for records: the member's session lasts longer by that, since it cannot call meanwhile; null: 0
     * @param standing where a stream stands that goes on by itself; null: a client asks
     * @param continued the poll of the same request that this one goes on with, for it found nothing; refused with {@code POLL_SUPERSEDED} when
     *                  the client has asked for another meanwhile; null: a new request
     */
    record BeginPoll(@Nullable String pollId, @Nullable Integer waitMs, @Nullable Standing standing,
            @Nullable Long continued) {
        public BeginPoll(@Nullable String pollId) {
            this(pollId, null, null, null);
        }
    }

    /**
     * Where a stream stands. The positions count as delivered, and outlive the coordinator that way, unless its client has moved them since
     * the poll that is named. Partitions that go to another member with this call are confirmed up to where the stream stands.
     *
     * @param pollNumber the stream's last poll
     * @param positions  next offsets to read, after all that its client was given; those it does not own are passed over
     * @param confirmed  the same, after what its client was given so long ago that it has got it
     */
    record Standing(long pollNumber, List<Position> positions, List<Position> confirmed) {}

    /**
     * @param pollNumber  to be given back in {@link Delivered}
     * @param memberEpoch fences commits; -1 for partitions assigned by hand
     * @param partitions  what may be read in this poll
     * @param repeatUpTo  true when positions name where the repeated poll ended ({@link Granted#endPosition})
     */
    record PollGrant(long pollNumber, long memberEpoch, Settings settings, List<Granted> partitions,
            boolean repeatUpTo) {}

    /**
     * @param position    next offset to read, or null: nothing committed and nothing read yet, the gateway applies {@code auto.offset.reset}
     * @param endPosition where the repeated poll ended for this partition; null unless repeating
     */
    record Granted(String topicId, String topic, int partition, @Nullable Long position, @Nullable Long endPosition) {}

    /**
     * @param positions next offsets to read, also for partitions without records whose position {@code auto.offset.reset} has just found:
     *                  what is appended from now on is then not missed
     * @param starts    where reading began in those partitions that were granted without a position, so that the poll can be repeated
     * @param isAnswer  whether this is the end of the poll, of whose answer is told by {@link #answered}: not where the positions moved
     *                  without records, or where a stream goes on
     */
    record Delivered(long pollNumber, List<Position> positions, List<Position> starts, boolean isAnswer) {}

    /** @param whole whether all of it went out; else the next poll gives the records again */
    record Answered(long pollNumber, boolean whole) {}

    /** @param offset next offset to read */
    record Position(String topic, int partition, long offset) {}

    record Seek(List<Position> positions) {}

    record Given(List<Position> positions) {}

    record Confirmed(long memberEpoch, List<Position> positions) {}
}
