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
import org.springframework.web.service.annotation.PutExchange;

/**
 * Which brokers have which replicas, and changing it; served by the controller. Any other coordinator answers
 * {@link ErrorCode#NOT_CONTROLLER}.
 *
 * <p>A change of replicas is written down and answered at once, and then carried out bit by bit. A further one may come at any time: it
 * starts from where the partitions are going, and for a partition that both name the later one holds.
 */
@HttpExchange("/internal/cluster")
public interface ClusterApi {
    /**
     * Gives all running brokers that are not drained an equal share of replicas and leadership; drained ones get rid of all. Refused with
     * {@code TOO_FEW_BROKERS}.
     */
    @PostExchange("/rebalance")
    Planned rebalance(@RequestBody Options options);

    /** Brings the partitions to these replicas, all or none. Refused with {@code UNKNOWN_PARTITION}, {@code INVALID_REPLICA_ASSIGNMENT}. */
    @Repeatable
    @PostExchange("/reassignments")
    Planned reassign(@RequestBody Reassign request);

    /** Brings each of the partitions to these replicas that can be: one that is refused, as {@link #reassign} would, harms no other. */
    @Repeatable
    @PostExchange("/reassignments/each")
    ReassignedEach reassignEach(@RequestBody ReassignEach request);

    /**
     * How far it is.
     *
     * @param limit how many partitions are told one by one at the most; the controller may tell fewer
     */
    @Repeatable
    @GetExchange("/reassignments")
    Progress progress(@RequestParam int limit);

    /**
     * Calls off what is under way: what waits stays where it is, what is in motion goes back. A partition of which too few of the former
     * replicas are in sync first arrives.
     */
    @DeleteExchange("/reassignments")
    Cancelled cancel();

    /** Calls off what is under way for these partitions alone, as {@link #cancel()} does for all. */
    @PostExchange("/reassignments/cancel")
    CancelledOf cancel(@RequestBody Cancel request);

    /** All that are to have other replicas and have not, however many, or those of them that are named: what the replicas are, and which come and go. */
    @Repeatable
    @PostExchange("/reassignments/list")
    Reassigned list(@RequestBody Reassignments request);

    /**
     * Elects leaders at once, of each partition that there can be one for: the preferred replica, if it is in sync; or, where nobody leads, any
     * replica that runs, even if it lacks what was acknowledged (<em>unclean</em>). Not to lose more than need be, those that have all come first.
     */
    @Repeatable
    @PostExchange("/elections")
    Elected elect(@RequestBody Elect request);

    /** The broker gets no new replicas, and all that it has go elsewhere. Refused with {@code UNKNOWN_BROKER}, {@code TOO_FEW_BROKERS}. */
    @PostExchange("/brokers/{id}/drain")
    Planned drain(@PathVariable int id, @RequestBody Options options);

    /** The broker may have replicas again, and keeps those that are not on their way. Refused with {@code UNKNOWN_BROKER}. */
    @DeleteExchange("/brokers/{id}/drain")
    Cancelled undrain(@PathVariable int id);

    /** Forgets a broker. Refused with {@code UNKNOWN_BROKER}, and with {@code BROKER_IN_USE} while it runs or has replicas. */
    @DeleteExchange("/brokers/{id}")
    Changed remove(@PathVariable int id);

    /**
     * Gives each partition of the topic so many replicas. Refused with {@code UNKNOWN_TOPIC}, {@code INVALID_REPLICATION_FACTOR} (also when
     * it would be below the topic's {@code min.insync.replicas}), {@code TOO_FEW_BROKERS}.
     */
    @PutExchange("/topics/{name}/replication-factor")
    Planned replicationFactor(@PathVariable String name, @RequestBody ReplicationFactor request);

    /**
     * Gives the topic so many partitions. Refused with {@code UNKNOWN_TOPIC}, {@code INVALID_PARTITIONS}, {@code INVALID_REPLICA_ASSIGNMENT},
     * {@code TOO_FEW_BROKERS}.
     */
    @PutExchange("/topics/{name}/partitions")
    Changed partitions(@PathVariable String name, @RequestBody Partitions request);

    /**
     * @param dryRun                 answer as if, but change nothing
     * @param throttleBytesPerSecond the most that each broker takes in for new replicas until all is done; null: as it is
     */
    record Options(boolean dryRun, @Nullable Long throttleBytesPerSecond) {}

    /** @param partitions with the preferred leader first */
    record Reassign(List<Replicas> partitions, Options options) {}

    record Replicas(String topic, int partition, List<Integer> replicas) {}

    /** @param partitions each once, with the preferred leader first */
    record ReassignEach(List<Replicas> partitions) {}

    /** @param outcomes in the order of the request */
    record ReassignedEach(List<ReassignOutcome> outcomes, long version) {}

    /** @param refusal null: it is carried out, or is so already */
    record ReassignOutcome(@Nullable ErrorCode refusal, @Nullable String message) {
        public static final ReassignOutcome TAKEN = new ReassignOutcome(null, null);
    }

    record ReplicationFactor(int replicationFactor, Options options) {}

    /**
     * @param count       in all, more than now
     * @param assignments broker ids of each new partition, chosen by the caller, the preferred leader first; null: the controller places them
     */
    record Partitions(int count, @Nullable List<List<Integer>> assignments, boolean validateOnly) {
        public static Partitions placed(int count) {
            return new Partitions(count, null, false);
        }
    }

    /**
     * @param copies  how many replicas have to be copied to another broker
     * @param version from which images contain what was changed at once; -1 when nothing was
     */
    record Planned(List<Move> moves, int copies, long version) {}

    /** @param before the replicas that the partition has, or was to have by a request before this one */
    record Move(String topic, int partition, List<Integer> before, List<Integer> after) {}

    /** @param cancelled partitions that stay where they were, or go back */
    record Cancelled(int cancelled, long version) {}

    record Changed(long version) {}

    record Cancel(List<TopicPartition> partitions) {}

    /** @param partitions null: all */
    record Reassignments(@Nullable List<TopicPartition> partitions) {}

    record Reassigned(List<Reassignment> reassignments) {}

    /** @param replicas with those that come and those that go */
    record Reassignment(String topic, int partition, List<Integer> replicas, List<Integer> adding,
            List<Integer> removing) {}

    /** @param outcomes in the order of the request */
    record CancelledOf(List<CancelOutcome> outcomes, long version) {}

    /** What became of one partition's reassignment. */
    enum CancelOutcome {
        /** By this request, or by one before, and not yet back. */
        CANCELLED,
        /** There was nothing to call off. */
        NOT_UNDER_WAY,
        UNKNOWN_PARTITION
    }

    /** @param partitions null: all that the election would change */
    record Elect(@Nullable List<TopicPartition> partitions, boolean unclean) {}

    /** @param version from which images contain the leaders */
    record Elected(List<Election> elections, long version) {}

    record Election(TopicPartition partition, ElectionOutcome outcome) {}

    /** What became of one partition's election. */
    enum ElectionOutcome {
        ELECTED,
        /** The preferred replica leads, or, of an unclean election, somebody does. */
        NOT_NEEDED,
        /** The preferred replica is not in sync, not running, or about to end; or nobody leads, which such an election does not mend. */
        PREFERRED_NOT_AVAILABLE,
        /** No replica is running that may lead. */
        NONE_ELIGIBLE,
        UNKNOWN_PARTITION
    }

    /**
     * @param waiting                not begun; the number of partitions in motion at a time is limited
     * @param moving                 in motion
     * @param stuck                  those of both that go on only once something else has changed
     * @param done                   since the last request that found nothing under way
     * @param throttleBytesPerSecond null: as the brokers are configured
     * @param brokers                where replicas are still to come or to go
     * @param partitions             the first of them: those in motion, then those that wait in the order of their turn
     */
    record Progress(int waiting, int moving, int stuck, int done, @Nullable Long throttleBytesPerSecond,
            List<BrokerMoves> brokers, List<UnderWay> partitions) {}

    /**
     * @param coming replicas that are still to come to it
     * @param going  replicas that are still to go from it
     */
    record BrokerMoves(int broker, int coming, int going) {}

    /**
     * A partition that is to have other replicas.
     *
     * @param started  whether it is in motion
     * @param adding   replicas that are being copied; empty while it waits
     * @param caughtUp those of them that are in sync already
     * @param reason   why it is not done
     * @param waitsFor the brokers that the reason is about; may be empty
     */
    record UnderWay(String topic, int partition, boolean started, List<Integer> before, List<Integer> after,
            List<Integer> adding, List<Integer> caughtUp, Reason reason, List<Integer> waitsFor) {}

    /** Why a partition has not the replicas that it is to have. */
    enum Reason {
        /** Others are before it: so many are in motion at a time for each broker. */
        QUEUED,
        /** Brokers are copying it. */
        CATCHING_UP,
        /** Brokers that are to have it are not running, or about to end. */
        BROKER_NOT_RUNNING,
        /** There is nobody to copy it from. */
        NO_LEADER,
        /** All copies are there, but fewer than {@code min.insync.replicas} of those that stay are in sync, or fewer are to be at all. */
        BELOW_MIN_ISR
    }
}
