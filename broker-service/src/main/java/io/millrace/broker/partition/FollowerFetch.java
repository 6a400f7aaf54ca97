package io.millrace.broker.partition;

/**
 * What a follower asks of a partition's leader, and with that tells of itself.
 *
 * @param replicaId        the follower
 * @param brokerEpoch      of its registration (KIP-903), or -1 when it does not say
 * @param leaderEpoch      in which it believes the leader to be, or -1 when it does not say, which nothing is answered to
 * @param offset           the end of its log
 * @param lastFetchedEpoch the epoch of the last record before that, or -1 when there is none; the leader's own once it has joined that
 * @param logStartOffset   of its log
 * @param maxBytes         limit of the answer
 * @param wholeFirst       whether the first batch is answered whole even when it is larger (KIP-74)
 */
public record FollowerFetch(
        int replicaId,
        long brokerEpoch,
        int leaderEpoch,
        long offset,
        int lastFetchedEpoch,
        long logStartOffset,
        int maxBytes,
        boolean wholeFirst) {}
