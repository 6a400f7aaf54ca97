package io.millrace.coordinator.group.runtime;

/** Told of shards coming and going, for what lives beside the groups. */
public interface ShardListener {
    /**
     * Before the first request for the shard's groups is served; a failure gives the shard up again.
     *
     * @param nobodyBetween whether this coordinator also had the term before, so that what it remembers still holds
     */
    default void shardTaken(Shard shard, boolean nobodyBetween) {}

    /** It is to be given back in order: nothing more is begun in it, its lease is still held. Not to take longer than {@link Shard#isHeld}. */
    default void shardLeaving(Shard shard) {}

    default void shardLost(int shard) {}
}
