package io.millrace.common.metadata;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one topic that its partitions go by, typed. What a topic may be given is decided by {@link #parse}, which goes by
 * {@link TopicConfigKey}; the record itself takes any value, so that tests may have segments of a few hundred bytes.
 *
 * @param segmentBytes             a segment is rolled before it grows past this ({@code segment.bytes})
 * @param segmentMs                a segment is rolled when its first record is this old ({@code segment.ms})
 * @param segmentJitterMs          up to this is taken off {@code segmentMs}, so that partitions do not roll all at once ({@code segment.jitter.ms})
 * @param segmentIndexBytes        a segment is rolled when an index reaches this size ({@code segment.index.bytes})
 * @param indexIntervalBytes       an index entry is written after this many bytes of records ({@code index.interval.bytes})
 * @param maxMessageBytes          greatest record batch taken from a producer ({@code max.message.bytes})
 * @param timestampType            whose clock stamps a record ({@code message.timestamp.type})
 * @param timestampBeforeMaxMs     how far a producer's timestamp may lie in the past ({@code message.timestamp.before.max.ms})
 * @param timestampAfterMaxMs      how far a producer's timestamp may lie in the future ({@code message.timestamp.after.max.ms})
 * @param compact                  whether {@code cleanup.policy} names compaction: every record must have a key
 * @param delete                   whether {@code cleanup.policy} names deletion: retention by time and size applies
 * @param retentionMs              a segment whose newest record is older is deleted; -1 = never ({@code retention.ms})
 * @param retentionBytes           oldest segments beyond this size of the partition are deleted; -1 = never ({@code retention.bytes})
 * @param flushMessages            fsync after this many records; {@code Long.MAX_VALUE} = leave it to the system ({@code flush.messages})
 * @param flushMs                  fsync after this long; {@code Long.MAX_VALUE} = leave it to the system ({@code flush.ms})
 * @param fileDeleteDelayMs        how long a deleted segment's file outlives it, for readers that still send it ({@code file.delete.delay.ms})
 * @param minInsyncReplicas        in-sync replicas that acks=all needs ({@code min.insync.replicas})
 * @param uncleanLeaderElection    whether a replica outside the ISR may lead ({@code unclean.leader.election.enable})
 * @param compression              how batches are stored ({@code compression.type})
 */
public record TopicConfig(
        int segmentBytes,
        long segmentMs,
        long segmentJitterMs,
        int segmentIndexBytes,
        int indexIntervalBytes,
        int maxMessageBytes,
        TimestampType timestampType,
        long timestampBeforeMaxMs,
        long timestampAfterMaxMs,
        boolean compact,
        boolean delete,
        long retentionMs,
        long retentionBytes,
        long flushMessages,
        long flushMs,
        long fileDeleteDelayMs,
        int minInsyncReplicas,
        boolean uncleanLeaderElection,
        TopicCompression compression) {

    /** What a topic has on which nothing was set. */
    public static final TopicConfig DEFAULT = read(Map.of());

    /** Settings that go with each other, or do not. */
    static final Set<TopicConfigKey> BOUND_TOGETHER = Set.of(TopicConfigKey.MIN_COMPACTION_LAG_MS,
            TopicConfigKey.MAX_COMPACTION_LAG_MS);

    /** Either the typed settings or why they are refused. */
    public sealed interface Parsed {
        /** Every name is known and every value in its range. */
        record Valid(TopicConfig config) implements Parsed {}

        /**
         * @param key     the offending setting
         * @param message says what is wrong with it, and names it
         */
        record Invalid(String key, String message) implements Parsed {}
    }

    /** Reads settings by Kafka's names; those not given have their defaults. An unknown name is refused, never dropped. */
    public static Parsed parse(Map<String, String> settings) {
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            String name = setting.getKey();
            TopicConfigKey key = TopicConfigKey.named(name);
            String violation = key == null ? TopicConfigKey.unknown(name) : key.violation(setting.getValue());
            if (violation != null) {
                return new Parsed.Invalid(name, violation);
            }
        }
        String contradiction = contradiction(settings);
        return contradiction == null ? new Parsed.Valid(read(settings))
                : new Parsed.Invalid(
                        TopicConfigKey.MIN_COMPACTION_LAG_MS.configName(), contradiction);
    }

    /** Why those of {@link #BOUND_TOGETHER} do not go with each other, with a setting's name; null if they do. */
    static @Nullable String contradiction(Map<String, String> settings) {
        long minLagMs = number(TopicConfigKey.MIN_COMPACTION_LAG_MS, settings);
        long maxLagMs = number(TopicConfigKey.MAX_COMPACTION_LAG_MS, settings);
        return minLagMs <= maxLagMs ? null
                : "min.compaction.lag.ms: must not be above max.compaction.lag.ms, and "
                        + minLagMs + " is above " + maxLagMs;
    }

    /** Of settings as they are stored. One that another version wrote and this one does not know, or knows otherwise, leaves its default. */
    public static TopicConfig ofStored(Map<String, String> settings) {
        return read(settings);
    }

    private static TopicConfig read(Map<String, String> settings) {
        List<String> cleanup = Arrays.stream(TopicConfigKey.CLEANUP_POLICY.value(settings).split(",")).map(
                String::strip).toList();
        return new TopicConfig(
                (int) number(TopicConfigKey.SEGMENT_BYTES, settings),
                number(TopicConfigKey.SEGMENT_MS, settings),
                number(TopicConfigKey.SEGMENT_JITTER_MS, settings),
                (int) number(TopicConfigKey.SEGMENT_INDEX_BYTES, settings),
                (int) number(TopicConfigKey.INDEX_INTERVAL_BYTES, settings),
                (int) number(TopicConfigKey.MAX_MESSAGE_BYTES, settings),
                TimestampType.forName(TopicConfigKey.MESSAGE_TIMESTAMP_TYPE.value(settings)),
                number(TopicConfigKey.MESSAGE_TIMESTAMP_BEFORE_MAX_MS, settings),
                number(TopicConfigKey.MESSAGE_TIMESTAMP_AFTER_MAX_MS, settings),
                cleanup.contains("compact"),
                cleanup.contains("delete"),
                number(TopicConfigKey.RETENTION_MS, settings),
                number(TopicConfigKey.RETENTION_BYTES, settings),
                number(TopicConfigKey.FLUSH_MESSAGES, settings),
                number(TopicConfigKey.FLUSH_MS, settings),
                number(TopicConfigKey.FILE_DELETE_DELAY_MS, settings),
                (int) number(TopicConfigKey.MIN_INSYNC_REPLICAS, settings),
                Boolean.parseBoolean(TopicConfigKey.UNCLEAN_LEADER_ELECTION_ENABLE.value(settings)),
                compression(settings));
    }

    private static TopicCompression compression(Map<String, String> settings) {
        var codec = TopicCompression.Codec.valueOf(TopicConfigKey.COMPRESSION_TYPE.value(settings).toUpperCase(
                Locale.ROOT));
        return switch (codec) {
            case PRODUCER -> TopicCompression.AS_SENT;
            case UNCOMPRESSED, SNAPPY -> new TopicCompression(codec, 0);
            case GZIP -> new TopicCompression(codec, (int) number(TopicConfigKey.COMPRESSION_GZIP_LEVEL, settings));
            case LZ4 -> new TopicCompression(codec, (int) number(TopicConfigKey.COMPRESSION_LZ4_LEVEL, settings));
            case ZSTD -> new TopicCompression(codec, (int) number(TopicConfigKey.COMPRESSION_ZSTD_LEVEL, settings));
        };
    }

    private static long number(TopicConfigKey key, Map<String, String> settings) {
        return Long.parseLong(key.value(settings));
    }
}
