package io.millrace.common.metadata;

/**
 * A registered broker.
 *
 * @param id        unique in the cluster, chosen by configuration
 * @param epoch     rises with every registration; a request that carries an older one is refused
 * @param host      where Kafka clients and gateways reach it
 * @param kafkaPort its Kafka listener
 * @param httpUrl   base URL of its HTTP port, without a trailing slash
 * @param fenced    true while its lease has run out or it has not finished starting: it leads nothing
 */
public record BrokerImage(int id, long epoch, String host, int kafkaPort, String httpUrl, boolean fenced) {}
