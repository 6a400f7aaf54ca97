package io.millrace.broker.partition;

/** Waits for a partition; called by the thread that changed it, and must return at once. */
public interface GrowthListener {
    /** More can be read. */
    void grew(int bytes);

    /** The partition is led by another broker now, or gone. */
    void leadershipChanged();

    /** The log starts elsewhere: replicas are to follow. */
    void startMoved();
}
