package io.millrace.common.lease;

import java.util.UUID;

/**
 * What a broker registers.
 *
 * @param id          unique in the cluster
 * @param directoryId of its data directory, made when that was first used
 * @param host        where Kafka clients and gateways reach it
 * @param httpUrl     base URL of its HTTP port, without a trailing slash
 */
public record BrokerIdentity(int id, UUID directoryId, String host, int kafkaPort, String httpUrl) {}
