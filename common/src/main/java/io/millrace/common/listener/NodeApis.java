package io.millrace.common.listener;

import io.millrace.common.wire.SupportedApis.Api;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;

/** The requests, with their versions, that brokers and coordinators advertise alike. */
public final class NodeApis {
    /** Clients send them to any node, and any node answers them. */
    public static final List<Api> OF_ANY_NODE = List.of(
            Api.of(ApiKeys.METADATA, 0, 13),
            Api.of(ApiKeys.FIND_COORDINATOR, 0, 6),
            Api.of(ApiKeys.INIT_PRODUCER_ID, 0, 5),
            Api.of(ApiKeys.DESCRIBE_CLUSTER, 0, 2),
            Api.of(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, 0, 0),
            Api.of(ApiKeys.DESCRIBE_CONFIGS, 1, 4),
            Api.of(ApiKeys.ALTER_CONFIGS, 0, 2),
            Api.of(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 0, 1),
            Api.of(ApiKeys.LIST_CONFIG_RESOURCES, 0, 1),
            Api.of(ApiKeys.LIST_GROUPS, 0, 5));

    /** A coordinator answers them; a broker advertises them for clients that take one node's versions for those of all, and coordinates no group. */
    public static final List<Api> OF_COORDINATORS = List.of(
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
            Api.of(ApiKeys.DELETE_GROUPS, 0, 2));

    private NodeApis() {}
}
