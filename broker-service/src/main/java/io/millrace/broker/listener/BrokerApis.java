package io.millrace.broker.listener;

import io.millrace.common.listener.NodeApis;
import io.millrace.common.wire.SupportedApis;
import io.millrace.common.wire.SupportedApis.Api;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ApiKeys;

/** The requests that a broker answers, and in which versions. Nothing is advertised that does not work. */
final class BrokerApis {
    /** librdkafka turns compression off for brokers that do not advertise Produce 0; nothing below 3 carries format 2. */
    private static final Api PRODUCE = new Api(ApiKeys.PRODUCE, (short) 0, (short) 3, (short) 13);

    private static final List<Api> OF_BROKERS = List.of(
            PRODUCE,
            Api.of(ApiKeys.FETCH, 4, 18),
            Api.of(ApiKeys.LIST_OFFSETS, 1, 11),
            Api.of(ApiKeys.OFFSET_FOR_LEADER_EPOCH, 2, 4),
            Api.of(ApiKeys.CREATE_TOPICS, 2, 7),
            Api.of(ApiKeys.DELETE_TOPICS, 1, 6),
            Api.of(ApiKeys.CREATE_PARTITIONS, 0, 3),
            Api.of(ApiKeys.DELETE_RECORDS, 0, 2),
            Api.of(ApiKeys.DESCRIBE_PRODUCERS, 0, 0),
            Api.of(ApiKeys.ELECT_LEADERS, 0, 2),
            Api.of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 0, 1),
            Api.of(ApiKeys.LIST_PARTITION_REASSIGNMENTS, 0, 0),
            Api.of(ApiKeys.DESCRIBE_LOG_DIRS, 1, 5));

    static final SupportedApis SUPPORTED = new SupportedApis(Stream.of(OF_BROKERS, NodeApis.OF_ANY_NODE,
            NodeApis.OF_COORDINATORS).flatMap(List::stream).toList());

    private BrokerApis() {}
}
