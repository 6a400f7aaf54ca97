package io.millrace.broker.replication;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import java.util.List;

/**
 * What a leader knows of its partition's in-sync replicas.
 *
 * <pre>
 *   Committed ──proposed──> PendingExpand or PendingShrink
 *   Pending   ──a row with another partition epoch is seen: taken, or overtaken──> Committed
 *   Pending   ──refused, and no earlier attempt went unanswered──> Committed, as before
 *   Pending   ──refused, but an earlier attempt may still be taken──> PendingExpand that asks for the replicas as they were, to settle it
 * </pre>
 *
 * While a change is pending the high watermark counts every replica that may be in the ISR: the committed ones and those that would join.
 */
public sealed interface IsrState {
    /** The in-sync replicas of the newest row seen, the leader with them. */
    List<Integer> isr();

    /** Of the newest row seen. */
    int partitionEpoch();

    /** Whether a replica may be in the ISR as the metadata has it now. */
    default boolean mayContain(int brokerId) {
        return isr().contains(brokerId);
    }

    /** No change is under way. */
    record Committed(List<Integer> isr, int partitionEpoch) implements IsrState {
        public Committed {
            isr = List.copyOf(isr);
        }

        static Committed of(PartitionImage row) {
            return new Committed(row.isr(), row.partitionEpoch());
        }
    }

    /** A change whose outcome is not known. */
    sealed interface Pending extends IsrState {
        IsrChange change();

        Attempt attempt();

        Pending with(Attempt attempt);
    }

    /**
     * How often a change was asked for, and how that ended.
     *
     * @param inFlight   whether an answer is awaited
     * @param unanswered whether an attempt ended without one, so that it may be taken even after a later one was refused
     */
    record Attempt(boolean inFlight, boolean unanswered) {
        static final Attempt FIRST = new Attempt(true, false);

        Attempt again() {
            return new Attempt(true, unanswered);
        }

        Attempt endedWithoutAnswer() {
            return new Attempt(false, true);
        }

        Attempt ended() {
            return new Attempt(false, unanswered);
        }
    }

    /** @param joining replicas that are in the ISR if the change was taken */
    record PendingExpand(List<Integer> isr, int partitionEpoch, List<Integer> joining, IsrChange change,
            Attempt attempt) implements Pending {
        public PendingExpand {
            isr = List.copyOf(isr);
            joining = List.copyOf(joining);
        }

        @Override
        public boolean mayContain(int brokerId) {
            return isr.contains(brokerId) || joining.contains(brokerId);
        }

        @Override
        public PendingExpand with(Attempt next) {
            return new PendingExpand(isr, partitionEpoch, joining, change, next);
        }

        /** Asks for the replicas as they were: when that is answered, no attempt before can be taken any more. */
        PendingExpand settledBy(IsrChange affirmation) {
            return new PendingExpand(isr, partitionEpoch, joining, affirmation, attempt.ended());
        }
    }

    /** Replicas are to leave; until that is known they count. */
    record PendingShrink(List<Integer> isr, int partitionEpoch, IsrChange change, Attempt attempt) implements Pending {
        public PendingShrink {
            isr = List.copyOf(isr);
        }

        @Override
        public PendingShrink with(Attempt next) {
            return new PendingShrink(isr, partitionEpoch, change, next);
        }
    }
}
