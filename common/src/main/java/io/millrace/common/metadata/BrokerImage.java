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
 * @param tailLost  its logs may lack what was acknowledged, and the controller has not yet drawn the consequences
 * @param leaving   it is about to end and hands its leadership over
 * @param draining  it gets no new replicas
 */
public record BrokerImage(int id, long epoch, String host, int kafkaPort, String httpUrl, boolean fenced,
        boolean tailLost, boolean leaving, boolean draining) {
    /** A broker with its logs whole that means to stay. */
    public BrokerImage(int id, long epoch, String host, int kafkaPort, String httpUrl, boolean fenced) {
        this(id, epoch, host, kafkaPort, httpUrl, fenced, false, false, false);
    }
}
