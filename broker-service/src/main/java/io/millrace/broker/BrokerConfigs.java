package io.millrace.broker;

import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.common.listener.NodeConfigs;
import io.millrace.common.listener.NodeConfigs.NodeConfig;
import io.millrace.common.wire.WireServerConfig;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.springframework.util.unit.DataSize;

/** This broker's settings under the names that Kafka's clients and tools know, as far as they mean the same. */
final class BrokerConfigs {
    private BrokerConfigs() {}

    static NodeConfigs of(BrokerSettings broker, StorageProperties storage, ReplicationSettings replication,
            boolean autoCreate) {
        WireServerConfig kafka = broker.kafka();
        return new NodeConfigs(broker.id(), List.of(
                new NodeConfig("auto.create.topics.enable", ConfigType.BOOLEAN, Boolean.toString(autoCreate), "false",
                        "MILLRACE_AUTO_CREATE_TOPICS", "Whether topics are created by being asked for."),
                new NodeConfig("broker.id", ConfigType.INT, Integer.toString(broker.id()), "0", "MILLRACE_BROKER_ID",
                        "The broker's id, the same for its data directory for ever."),
                new NodeConfig("connections.max.idle.ms", ConfigType.LONG, ms(kafka.idleTimeout()), "600000",
                        "MILLRACE_BROKER_IDLE_TIMEOUT", "A connection without a request for so long is closed."),
                new NodeConfig("fetch.max.bytes", ConfigType.INT, bytes(broker.fetch().maxSize()), "57671680",
                        "MILLRACE_BROKER_FETCH_MAX_SIZE", "The most that a fetch is answered with."),
                new NodeConfig("log.dirs", ConfigType.STRING, storage.directory().toString(), "data/broker-" + broker
                        .id(), "MILLRACE_DATA_DIR", "The data directory."),
                new NodeConfig("log.flush.offset.checkpoint.interval.ms", ConfigType.INT, ms(storage
                        .checkpointInterval()), "5000", "MILLRACE_STORAGE_CHECKPOINT_INTERVAL",
                        "How often recovery points, log starts and high watermarks are written down."),
                new NodeConfig("log.flush.scheduler.interval.ms", ConfigType.LONG, ms(storage.flushCheckInterval()),
                        "1000", "MILLRACE_STORAGE_FLUSH_CHECK_INTERVAL", "How often flush.ms is looked at."),
                new NodeConfig("log.retention.check.interval.ms", ConfigType.LONG, ms(storage.retentionInterval()),
                        "30000", "MILLRACE_STORAGE_RETENTION_INTERVAL", "How often retention runs."),
                new NodeConfig("max.connections", ConfigType.INT, Integer.toString(kafka.maxConnections()), "20000",
                        "MILLRACE_BROKER_MAX_CONNECTIONS", "One connection more is closed at once."),
                new NodeConfig("max.connections.per.ip", ConfigType.INT, Integer.toString(kafka
                        .maxConnectionsPerHost()), "20000", "MILLRACE_BROKER_MAX_CONNECTIONS_PER_HOST",
                        "One connection more from the same address is closed at once."),
                new NodeConfig("num.recovery.threads.per.data.dir", ConfigType.INT, Integer.toString(storage
                        .recoveryThreads()), "4", "MILLRACE_STORAGE_RECOVERY_THREADS",
                        "How many logs are opened at once as the broker starts."),
                new NodeConfig("producer.id.expiration.ms", ConfigType.INT, ms(storage.producerIdExpiration()),
                        "86400000", "MILLRACE_STORAGE_PRODUCER_ID_EXPIRATION",
                        "An idempotent producer that wrote nothing for so long is forgotten."),
                new NodeConfig("replica.fetch.max.bytes", ConfigType.INT, bytes(replication.fetchMaxPartitionSize()),
                        "1048576", "MILLRACE_REPLICATION_FETCH_MAX_PARTITION_SIZE",
                        "The most that a follower asks for of one partition."),
                new NodeConfig("replica.fetch.response.max.bytes", ConfigType.INT, bytes(replication.fetchMaxSize()),
                        "10485760", "MILLRACE_REPLICATION_FETCH_MAX_SIZE",
                        "The most that a follower asks for at a time."),
                new NodeConfig("replica.fetch.wait.max.ms", ConfigType.INT, ms(replication.fetchMaxWait()), "500",
                        "MILLRACE_REPLICATION_FETCH_MAX_WAIT",
                        "The longest that a follower's fetch waits for records."),
                new NodeConfig("replica.lag.time.max.ms", ConfigType.LONG, ms(replication.lagTimeMax()), "10000",
                        "MILLRACE_REPLICATION_LAG_TIME_MAX",
                        "A replica that has not had all that its leader has for so long is out of sync."),
                new NodeConfig("socket.listen.backlog.size", ConfigType.INT, Integer.toString(kafka.backlog()), "1024",
                        "MILLRACE_BROKER_BACKLOG", "Connections that the system holds before they are accepted."),
                new NodeConfig("socket.request.max.bytes", ConfigType.INT, bytes(kafka.maxRequestSize()), "104857600",
                        "MILLRACE_BROKER_MAX_REQUEST_SIZE", "The largest request that is taken.")));
    }

    private static String ms(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static String bytes(DataSize size) {
        return Long.toString(size.toBytes());
    }
}
