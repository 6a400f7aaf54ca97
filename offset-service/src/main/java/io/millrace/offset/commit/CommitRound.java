package io.millrace.offset.commit;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.offset.commit.CommitOutcome.Refused;
import java.util.List;

/** One turn of the commit loop: gives every gathered commit its outcome, whatever the store does. */
final class CommitRound {
    private final CommitStore store;
    private final CommitFaults faults;

    CommitRound(CommitStore store, CommitFaults faults) {
        this.store = store;
        this.faults = faults;
    }

    void serve(CommitQueue.Gathered gathered) {
        var late = new Refused(ErrorCode.TIMED_OUT,
                "The commit waited too long for its turn and was not stored; send it again");
        gathered.expired().forEach(commit -> commit.outcome().complete(late));
        if (!gathered.batch().isEmpty()) {
            serve(gathered.batch());
        }
    }

    private void serve(List<PendingCommit> batch) {
        try {
            List<CommitOutcome> outcomes = store.store(batch.stream().map(PendingCommit::request).toList());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).outcome().complete(outcomes.get(i));
            }
        } catch (RefusedException e) {
            var refused = new Refused(e.code(), e.getMessage());
            batch.forEach(commit -> commit.outcome().complete(refused));
        } catch (RuntimeException e) {
            faults.commitFailed(batch.size(), e);
            if (batch.size() == 1) {
                batch.getFirst().outcome().complete(new Refused(ErrorCode.INTERNAL, "The commit could not be stored"));
            } else {
                // What PostgreSQL refuses for one commit's sake must not fail its neighbours.
                batch.forEach(commit -> serve(List.of(commit)));
            }
        }
    }

    /** Told of what should not happen. */
    @FunctionalInterface
    interface CommitFaults {
        void commitFailed(int batchSize, RuntimeException cause);
    }
}
