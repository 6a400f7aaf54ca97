package io.millrace.offset.commit;

import java.util.List;

/** Stores a batch of commits in their order, each wholly or not at all. */
interface CommitStore {
    /**
     * @return one outcome per commit, in order
     * @throws io.millrace.common.error.RefusedException when it cannot be told whether anything was stored; the same batch may succeed later
     */
    List<CommitOutcome> store(List<CommitRequest> batch);
}
