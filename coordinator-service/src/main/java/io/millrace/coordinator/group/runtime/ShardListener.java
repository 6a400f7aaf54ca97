package io.millrace.coordinator.group.runtime;

/** Told of shards coming and going, for what lives beside the groups. */
public interface ShardListener {
    /**
     * Before the first request for the shard's groups is served; a failure gives the shard up again.
     *
     * @param nobodyBetween whether this coordinator also had the term before, so that what it remembers still holds
     */
    void shardTaken(Shard shard, boolean nobodyBetween);

    void shardLost(int shard);
}
