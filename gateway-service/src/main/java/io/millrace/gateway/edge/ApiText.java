package io.millrace.gateway.edge;

/** Words and examples that several operations of the OpenAPI document share. */
public final class ApiText {
    public static final String TOPICS = "Topics";
    public static final String RECORDS = "Records";
    public static final String CONSUMERS = "Consumers";
    public static final String GROUPS = "Groups";
    public static final String EVENTS = "Live events";
    public static final String CLUSTER = "Cluster";
    public static final String GATEWAY = "Gateway";
    public static final String V3_CLUSTERS = "Cluster (v3)";
    public static final String V3_TOPICS = "Topic (v3)";
    public static final String V3_CONFIGS = "Configs (v3)";
    public static final String V3_PARTITIONS = "Partition (v3)";
    public static final String V3_RECORDS = "Records (v3)";
    public static final String V3_GROUPS = "Consumer Group (v3)";

    public static final String JSON = "application/json";
    public static final String METADATA = "application/vnd.kafka.v2+json";
    public static final String RECORDS_JSON = "application/vnd.kafka.json.v2+json";
    public static final String RECORDS_BINARY = "application/vnd.kafka.binary.v2+json";
    public static final String RECORDS_TEXT = "application/vnd.kafka.text.v2+json";

    public static final String LINES = "application/x-ndjson";
    public static final String PLAIN_TEXT = "text/plain";
    public static final String CLOUD_EVENT = "application/cloudevents+json";
    public static final String CLOUD_EVENTS = "application/cloudevents-batch+json";
    public static final String BYTES = "application/octet-stream";

    public static final String ERROR_400 = "{\"error_code\":400,\"message\":\"records[0].valeu: unknown field at byte 14; "
            + "known are key, value, partition, timestamp, headers\",\"code\":\"MALFORMED_BODY\"}";
    public static final String ERROR_404 = "{\"error_code\":404,\"message\":\"there is no topic 'orders'; POST /admin/topics creates one\","
            + "\"code\":\"UNKNOWN_TOPIC\"}";
    public static final String ERROR_503 = "{\"error_code\":503,\"message\":\"no broker that leads partition 0 of topic 'orders' answers; "
            + "try again\",\"code\":\"LEADER_UNAVAILABLE\"}";

    public static final String MOVE_PLAN = "{\"replicas_to_copy\":1,\"moves\":[{\"topic\":\"orders\",\"partition\":0,\"from\":[0],\"to\":[1]}]}";

    private ApiText() {}
}
