package io.millrace.common.metadata;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.record.TimestampType;

/**
 * The settings of one topic, typed, under Kafka's names and with Kafka's defaults. What a topic may be given is decided by {@link #parse}; the
 * record itself takes any value, so that tests may have segments of a few hundred bytes.
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
        boolean uncleanLeaderElection) {

    /** What a topic has on which nothing was set. */
    public static final TopicConfig DEFAULT = new TopicConfigParser(Map.of()).parse();

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
        try {
            return new Parsed.Valid(new TopicConfigParser(settings).parse());
        } catch (TopicConfigParser.BadSetting e) {
            return new Parsed.Invalid(e.key(), String.valueOf(e.getMessage()));
        }
    }

    /** Every name that {@link #parse} takes. */
    public static Set<String> names() {
        return TopicConfigParser.DEFAULTS.keySet();
    }

    /** The default values by name, as text. */
    public static Map<String, String> defaults() {
        return TopicConfigParser.DEFAULTS;
    }
}
