package io.millrace.workbench.torture.check;

/** Something that a client saw. Events stand in a history in the order in which they were over. */
public sealed interface Event {
    /** A write was acknowledged. @param atMs since the run began */
    record Acknowledged(long atMs, Write write, Place place, long offset) implements Event {}

    /** A write failed in a way that leaves open whether it was stored: it may appear, or not. */
    record Unknown(Write write) implements Event {}

    /**
     * A record was read.
     *
     * @param reader      whose reads come in order, by number; {@link History#FINAL_READER} reads all when all is over
     * @param leaderEpoch of its batch; {@link #NO_EPOCH} where the protocol does not tell
     */
    record Read(int reader, Place place, long offset, int leaderEpoch, Write write) implements Event {}

    /** A reader was told how far it may read. */
    record HighWatermark(int reader, Place place, long offset) implements Event {}

    /** At the end a partition goes from {@code start} to {@code end}, exclusive. */
    record Bounds(Place place, long start, long end) implements Event {}

    /** A broker named a partition's leader. */
    record Leader(String source, Place place, int epoch, int leader) implements Event {}

    /** A commit of a group was acknowledged. */
    record Committed(String group, Place place, long offset) implements Event {}

    /**
     * A group's committed offset was asked for.
     *
     * @param askedAt how many events the history had when it was asked for: all of them came before
     */
    record CommitRead(String group, Place place, long offset, int askedAt) implements Event {}

    /** Of a read whose leader epoch is not known. */
    int NO_EPOCH = -1;
}
