package io.millrace.broker.replication.simulation;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import java.util.Map;

/** The metadata at one version: the one partition, and the brokers. */
record ClusterView(int version, PartitionImage row, Map<Integer, BrokerImage> brokers) {
    ClusterView {
        brokers = Map.copyOf(brokers);
    }
}
