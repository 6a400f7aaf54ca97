package io.millrace.common.lease;

import java.util.UUID;

/**
 * What a broker registers.
 *
 * @param id          unique in the cluster
 * @param directoryId of its data directory, made when that was first used
 * @param host        where Kafka clients and gateways reach it
 * @param httpUrl     base URL of its HTTP port, without a trailing slash
 * @param lastEpoch   of the last registration with this data directory, as remembered there; {@link #NEVER_REGISTERED} if there was none
 * @param tailLost    whether its logs may lack what was acknowledged, as far as the broker itself can tell: it did not end in order and the
 *                    page cache is lost too, or the data directory is new. That another directory served under this id since the last
 *                    registration is found in the metadata
 */
public record BrokerIdentity(int id, UUID directoryId, String host, int kafkaPort, String httpUrl, long lastEpoch,
        boolean tailLost) {
    public static final long NEVER_REGISTERED = -1;

    /** A broker that never registered before and has lost nothing. */
    public BrokerIdentity(int id, UUID directoryId, String host, int kafkaPort, String httpUrl) {
        this(id, directoryId, host, kafkaPort, httpUrl, NEVER_REGISTERED, false);
    }
}
