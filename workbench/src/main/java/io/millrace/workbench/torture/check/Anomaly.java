package io.millrace.workbench.torture.check;

/** Something that must not be. */
public record Anomaly(Kind kind, String what) {
    /** In the manner of Jepsen's Kafka workload. */
    public enum Kind {
        /** A write was acknowledged and is not in the log. */
        LOST,
        /** A record was read once and is not in the log at the end. */
        VANISHED,
        /** A write stands in the log twice. */
        DUPLICATE,
        /** Two values at one offset, over all acknowledgements, readers and times. */
        INCONSISTENT_OFFSET,
        /** A producer's writes stand in another order than they were sent in. */
        REORDER,
        /** An offset of an uncompacted log holds nothing. */
        GAP,
        /** A reader may read less far than it could before. */
        HIGH_WATERMARK_BACK,
        /** A later record was written in an earlier leader epoch. */
        EPOCH_BACK,
        /** Two brokers led a partition in one epoch. */
        TWO_LEADERS,
        /** A committed offset went back though nobody reset it. */
        COMMIT_BACK
    }
}
