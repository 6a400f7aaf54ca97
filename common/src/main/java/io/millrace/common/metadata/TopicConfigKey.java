package io.millrace.common.metadata;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.jspecify.annotations.Nullable;

/**
 * Every setting that a topic may be given, under Kafka's name, with Kafka's default (4.x: KIP-1030) and range. Whoever creates topics, changes
 * them or tells of them goes by this table; a name that is not in it is refused.
 */
public enum TopicConfigKey {
    CLEANUP_POLICY("cleanup.policy", "log.cleanup.policy", ConfigRule.listOf("delete", "compact"), "delete",
            "What becomes of old segments: 'delete' removes them by retention.ms and retention.bytes; the empty list keeps them for ever. 'compact' is to keep the newest record of"
                    + " each key; today it asks for a key in every record and ends retention, and segments are kept whole until compaction is"
                    + " there."),
    COMPRESSION_GZIP_LEVEL("compression.gzip.level", "compression.gzip.level", ConfigRule.numberOr(-1, 1, 9), "-1",
            "How hard the broker compresses where compression.type is gzip; -1 leaves it to the codec."),
    COMPRESSION_LZ4_LEVEL("compression.lz4.level", "compression.lz4.level", ConfigRule.numbers(1, 17), "9",
            "How hard the broker compresses where compression.type is lz4."),
    COMPRESSION_TYPE("compression.type", "compression.type", ConfigRule.oneOf("uncompressed", "zstd", "lz4", "snappy",
            "gzip", "producer"), "producer",
            "How batches are stored: 'producer' as they were sent; otherwise the leader compresses those anew that come in another codec."),
    COMPRESSION_ZSTD_LEVEL("compression.zstd.level", "compression.zstd.level", ConfigRule.numbers(-131_072, 22), "3",
            "How hard the broker compresses where compression.type is zstd."),
    DELETE_RETENTION_MS("delete.retention.ms", "log.cleaner.delete.retention.ms", ConfigRule.longs(0), "86400000",
            "How long a compacted topic keeps a record without a value, in ms. Stored now; it takes effect with compaction."),
    FILE_DELETE_DELAY_MS("file.delete.delay.ms", "log.segment.delete.delay.ms", ConfigRule.longs(0), "60000",
            "How long a deleted segment's file outlives it, in ms, for readers that are still being sent it."),
    FLUSH_MESSAGES("flush.messages", "log.flush.interval.messages", ConfigRule.longs(1), Long.toString(Long.MAX_VALUE),
            "The log is fsynced after this many records, and acknowledged then; the default leaves it to the system."),
    FLUSH_MS("flush.ms", "log.flush.interval.ms", ConfigRule.longs(0), Long.toString(Long.MAX_VALUE),
            "The log is fsynced when records have waited for it this long, in ms; the default leaves it to the system."),
    INDEX_INTERVAL_BYTES("index.interval.bytes", "log.index.interval.bytes", ConfigRule.ints(0), "4096",
            "An index entry is written after this many bytes of records."),
    MAX_COMPACTION_LAG_MS("max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", ConfigRule.longs(1), Long
            .toString(Long.MAX_VALUE),
            "The longest that a record stays uncompacted, in ms. Stored now; it takes effect with compaction."),
    MAX_MESSAGE_BYTES("max.message.bytes", "message.max.bytes", ConfigRule.ints(0), "1048588",
            "The largest record batch that is taken, as it is stored."),
    MESSAGE_TIMESTAMP_AFTER_MAX_MS("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", ConfigRule
            .longs(0), "3600000",
            "How far a record's time may lie ahead of the broker's, in ms; not looked at with LogAppendTime."),
    MESSAGE_TIMESTAMP_BEFORE_MAX_MS("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", ConfigRule
            .longs(0), Long.toString(Long.MAX_VALUE),
            "How far a record's time may lie behind the broker's, in ms; not looked at with LogAppendTime."),
    MESSAGE_TIMESTAMP_TYPE("message.timestamp.type", "log.message.timestamp.type", ConfigRule.oneOf("CreateTime",
            "LogAppendTime"), "CreateTime",
            "Whose time a record has: its producer's, or that of the leader as it is appended."),
    MIN_CLEANABLE_DIRTY_RATIO("min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio", ConfigRule.fraction(),
            "0.5",
            "How much of a log must be uncompacted for it to be compacted. Stored now; it takes effect with compaction."),
    MIN_COMPACTION_LAG_MS("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", ConfigRule.longs(0), "0",
            "The shortest that a record stays uncompacted, in ms. Stored now; it takes effect with compaction."),
    MIN_INSYNC_REPLICAS("min.insync.replicas", "min.insync.replicas", ConfigRule.ints(1), "1",
            "How many replicas must be in sync for acks=all to be taken, and for records to be acknowledged."),
    PREALLOCATE("preallocate", "log.preallocate", ConfigRule.only("false", "files grow as they are written"), "false",
            "Whether a segment's file is made as large as it may get beforehand; it never is."),
    RETENTION_BYTES("retention.bytes", "log.retention.bytes", ConfigRule.longs(-1), "-1",
            "The oldest segments of a partition beyond this size are deleted; -1 keeps them all."),
    RETENTION_MS("retention.ms", "log.retention.ms", ConfigRule.longs(-1), "604800000",
            "A segment whose newest record is older than this, in ms, is deleted; -1 keeps them for ever."),
    SEGMENT_BYTES("segment.bytes", "log.segment.bytes", ConfigRule.ints(1 << 20), "1073741824",
            "A segment is ended before it grows past this."),
    SEGMENT_INDEX_BYTES("segment.index.bytes", "log.index.size.max.bytes", ConfigRule.ints(4), "10485760",
            "A segment is ended when one of its indexes is this large."),
    SEGMENT_JITTER_MS("segment.jitter.ms", "log.roll.jitter.ms", ConfigRule.longs(0), "0",
            "Up to this is taken off segment.ms, in ms, so that partitions do not end their segments all at once."),
    SEGMENT_MS("segment.ms", "log.roll.ms", ConfigRule.longs(1), "604800000",
            "A segment is ended when its first record is this old, in ms."),
    UNCLEAN_LEADER_ELECTION_ENABLE("unclean.leader.election.enable", "unclean.leader.election.enable", ConfigRule
            .flag(), "false",
            "Whether a replica that may lack what was acknowledged may lead rather than none.");

    private static final Map<String, TopicConfigKey> BY_NAME = Arrays.stream(values()).collect(Collectors.toMap(
            TopicConfigKey::configName, Function.identity()));

    /** What Kafka's brokers take beside, and why it cannot be set here. */
    private static final Map<String, String> NEVER_SET = Map.of(
            "leader.replication.throttled.replicas", "a reassignment is throttled as a whole, by its own rate",
            "follower.replication.throttled.replicas", "a reassignment is throttled as a whole, by its own rate",
            "remote.storage.enable", "there is no remote storage",
            "remote.log.copy.disable", "there is no remote storage",
            "remote.log.delete.on.disable", "there is no remote storage",
            "local.retention.ms", "there is no remote storage",
            "local.retention.bytes", "there is no remote storage");

    private final String configName;
    private final String brokerName;
    private final ConfigRule rule;
    private final String defaultValue;
    private final String documentation;

    TopicConfigKey(String configName, String brokerName, ConfigRule rule, String defaultValue, String documentation) {
        this.configName = configName;
        this.brokerName = brokerName;
        this.rule = rule;
        this.defaultValue = defaultValue;
        this.documentation = documentation;
    }

    /** @return null if no topic has such a setting */
    public static @Nullable TopicConfigKey named(String name) {
        return BY_NAME.get(name);
    }

    /** Whether Kafka has such a setting that no topic here ever has, so that taking it off changes nothing. */
    public static boolean isNeverSet(String name) {
        return NEVER_SET.containsKey(name);
    }

    /** Why a topic cannot have a setting of that name, which is not in the table. */
    static String unknown(String name) {
        String reason = NEVER_SET.get(name);
        return reason == null ? "unknown topic setting '" + name + "'" : name + ": cannot be set: " + reason;
    }

    /** As topics are given it. */
    public String configName() {
        return configName;
    }

    /** Under which Kafka's brokers have what holds for topics on which it is not set. */
    public String brokerName() {
        return brokerName;
    }

    public String defaultValue() {
        return defaultValue;
    }

    public String documentation() {
        return documentation;
    }

    public ConfigType type() {
        return rule.type();
    }

    /** What is wrong with a value, with the setting's name; null if nothing is. */
    @Nullable
    String violation(String value) {
        String violation = rule.violation(value.strip());
        return violation == null ? null : configName + ": " + violation;
    }

    /** The value that holds for a topic: the one among its settings, or the default where there is none or none that this version takes. */
    public String value(Map<String, String> settings) {
        String given = given(settings);
        return given == null ? defaultValue : given.strip();
    }

    /** What another version stored may be no value here. */
    private @Nullable String given(Map<String, String> settings) {
        String given = settings.get(configName);
        return given == null || violation(given) != null ? null : given;
    }

    /** As it is told of a topic with these settings. */
    public ConfigView view(Map<String, String> settings) {
        var synonyms = new ArrayList<ConfigView.Synonym>();
        String given = given(settings);
        if (given != null) {
            synonyms.add(new ConfigView.Synonym(configName, given, ConfigSource.TOPIC_CONFIG));
        }
        synonyms.add(new ConfigView.Synonym(brokerName, defaultValue, ConfigSource.DEFAULT_CONFIG));
        return new ConfigView(configName, type(), false, documentation, synonyms);
    }

    /** What holds for topics on which it is not set, as it is told of a broker. */
    public ConfigView brokerView() {
        return new ConfigView(brokerName, type(), true, documentation
                + " This is the default; topics are given theirs one by one, as "
                + configName + ".", List.of(new ConfigView.Synonym(brokerName, defaultValue,
                        ConfigSource.DEFAULT_CONFIG)));
    }

    /** All settings of a topic with their values, by name: those given, and the defaults. */
    public static Map<String, String> values(Map<String, String> settings) {
        var values = new TreeMap<String, String>();
        for (TopicConfigKey key : values()) {
            values.put(key.configName, key.value(settings));
        }
        return Collections.unmodifiableMap(values);
    }
}
