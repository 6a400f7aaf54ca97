package io.millrace.common.record;

/** What batches may be decompressed into. */
public interface BatchMemory {
    /** As much as there is. */
    BatchMemory UNLIMITED = new BatchMemory() {
        @Override
        public boolean tryTake(long bytes) {
            return true;
        }

        @Override
        public void giveBack(long bytes) {
            // Nobody counts.
        }
    };

    /** Returns false, and counts nothing, when there is not so much. */
    boolean tryTake(long bytes);

    void giveBack(long bytes);
}
