package io.millrace.broker.listener;

import io.millrace.common.wire.SupportedApis;
import io.millrace.common.wire.SupportedApis.Api;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;

/** The requests that a broker answers, and in which versions. Nothing is advertised that does not work. */
final class BrokerApis {
    /** librdkafka turns compression off for brokers that do not advertise Produce 0; nothing below 3 carries format 2. */
    private static final Api PRODUCE = new Api(ApiKeys.PRODUCE, (short) 0, (short) 3, (short) 13);

    static final SupportedApis SUPPORTED = new SupportedApis(List.of(
            PRODUCE,
            Api.of(ApiKeys.FETCH, 4, 18),
            Api.of(ApiKeys.LIST_OFFSETS, 1, 11),
            Api.of(ApiKeys.OFFSET_FOR_LEADER_EPOCH, 2, 4),
            Api.of(ApiKeys.METADATA, 0, 13),
            Api.of(ApiKeys.CREATE_TOPICS, 2, 7),
            Api.of(ApiKeys.DELETE_TOPICS, 1, 6),
            Api.of(ApiKeys.CREATE_PARTITIONS, 0, 3),
            Api.of(ApiKeys.DESCRIBE_CONFIGS, 1, 4),
            Api.of(ApiKeys.ALTER_CONFIGS, 0, 2),
            Api.of(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 0, 1),
            Api.of(ApiKeys.LIST_CONFIG_RESOURCES, 0, 1),
            Api.of(ApiKeys.INIT_PRODUCER_ID, 0, 5),
            Api.of(ApiKeys.FIND_COORDINATOR, 0, 6),
            Api.of(ApiKeys.LIST_GROUPS, 0, 5),
            Api.of(ApiKeys.DESCRIBE_CLUSTER, 0, 2),
            Api.of(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, 0, 0),
            Api.of(ApiKeys.DELETE_RECORDS, 0, 2),
            Api.of(ApiKeys.DESCRIBE_PRODUCERS, 0, 0),
            Api.of(ApiKeys.ELECT_LEADERS, 0, 2),
            Api.of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 0, 1),
            Api.of(ApiKeys.LIST_PARTITION_REASSIGNMENTS, 0, 0),
            Api.of(ApiKeys.DESCRIBE_LOG_DIRS, 1, 5),
            // Of coordinators, see BrokerRequests.
            Api.of(ApiKeys.JOIN_GROUP, 0, 9),
            Api.of(ApiKeys.SYNC_GROUP, 0, 5),
            Api.of(ApiKeys.HEARTBEAT, 0, 4),
            Api.of(ApiKeys.LEAVE_GROUP, 0, 5),
            Api.of(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 0, 1),
            Api.of(ApiKeys.CONSUMER_GROUP_DESCRIBE, 0, 1),
            Api.of(ApiKeys.OFFSET_COMMIT, 2, 10),
            Api.of(ApiKeys.OFFSET_FETCH, 1, 10),
            Api.of(ApiKeys.OFFSET_DELETE, 0, 0),
            Api.of(ApiKeys.DESCRIBE_GROUPS, 0, 6),
            Api.of(ApiKeys.DELETE_GROUPS, 0, 2)));

    private BrokerApis() {}
}
