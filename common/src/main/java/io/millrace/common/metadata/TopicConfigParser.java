package io.millrace.common.metadata;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.record.TimestampType;

/** Topic settings from text, with Kafka's names, ranges and defaults (4.x: KIP-1030). */
final class TopicConfigParser {
    private static final String NEVER = Long.toString(Long.MAX_VALUE);

    static final Map<String, String> DEFAULTS = defaults();

    private static final int SMALLEST_SEGMENT_BYTES = 1 << 20;
    private static final int SMALLEST_INDEX_BYTES = 4;

    /** Carries the refusal out of the parse; never leaves this package. */
    static final class BadSetting extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String key;

        BadSetting(String key, String message) {
            super(message, null, false, false);
            this.key = key;
        }

        String key() {
            return key;
        }
    }

    private final Map<String, String> settings;

    TopicConfigParser(Map<String, String> settings) {
        this.settings = settings;
    }

    TopicConfig parse() {
        for (String key : settings.keySet()) {
            if (!DEFAULTS.containsKey(key)) {
                throw new BadSetting(key, "unknown topic setting '" + key + "'");
            }
        }
        Set<String> cleanupPolicy = cleanupPolicy();
        checkNotYetSupported();
        return new TopicConfig(
                intIn("segment.bytes", SMALLEST_SEGMENT_BYTES, Integer.MAX_VALUE),
                longIn("segment.ms", 1, Long.MAX_VALUE),
                longIn("segment.jitter.ms", 0, Long.MAX_VALUE),
                intIn("segment.index.bytes", SMALLEST_INDEX_BYTES, Integer.MAX_VALUE),
                intIn("index.interval.bytes", 0, Integer.MAX_VALUE),
                intIn("max.message.bytes", 0, Integer.MAX_VALUE),
                timestampType(),
                longIn("message.timestamp.before.max.ms", 0, Long.MAX_VALUE),
                longIn("message.timestamp.after.max.ms", 0, Long.MAX_VALUE),
                cleanupPolicy.contains("compact"),
                cleanupPolicy.contains("delete"),
                longIn("retention.ms", -1, Long.MAX_VALUE),
                longIn("retention.bytes", -1, Long.MAX_VALUE),
                longIn("flush.messages", 1, Long.MAX_VALUE),
                longIn("flush.ms", 0, Long.MAX_VALUE),
                longIn("file.delete.delay.ms", 0, Long.MAX_VALUE),
                intIn("min.insync.replicas", 1, Integer.MAX_VALUE),
                bool("unclean.leader.election.enable"));
    }

    private void checkNotYetSupported() {
        if (!text("compression.type").equals("producer")) {
            throw new BadSetting("compression.type",
                    "compression.type: batches are stored as producers send them; only 'producer' is supported");
        }
        if (bool("preallocate")) {
            throw new BadSetting("preallocate",
                    "preallocate: files grow as they are written; only 'false' is supported");
        }
    }

    private Set<String> cleanupPolicy() {
        Set<String> policies = new LinkedHashSet<>();
        for (String policy : text("cleanup.policy").split(",", -1)) {
            if (!policy.strip().equals("delete") && !policy.strip().equals("compact")) {
                throw new BadSetting("cleanup.policy",
                        "cleanup.policy: must be delete, compact or both with a comma, not '" + text("cleanup.policy")
                                + "'");
            }
            policies.add(policy.strip());
        }
        return policies;
    }

    private TimestampType timestampType() {
        return switch (text("message.timestamp.type")) {
            case "CreateTime" -> TimestampType.CREATE_TIME;
            case "LogAppendTime" -> TimestampType.LOG_APPEND_TIME;
            default -> throw new BadSetting("message.timestamp.type",
                    "message.timestamp.type: must be CreateTime or LogAppendTime, not '" + text(
                            "message.timestamp.type") + "'");
        };
    }

    private boolean bool(String key) {
        String value = text(key);
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new BadSetting(key, key + ": must be true or false, not '" + value + "'");
        };
    }

    private int intIn(String key, int min, int max) {
        return (int) longIn(key, min, max);
    }

    private long longIn(String key, long min, long max) {
        long value;
        try {
            value = Long.parseLong(text(key));
        } catch (NumberFormatException e) {
            throw new BadSetting(key, key + ": must be a whole number, not '" + text(key) + "'");
        }
        if (value < min || value > max) {
            throw new BadSetting(key, key + ": must be between " + min + " and " + max + ", not " + value);
        }
        return value;
    }

    private String text(String key) {
        String value = settings.get(key);
        return value != null ? value.strip() : String.valueOf(DEFAULTS.get(key));
    }

    private static Map<String, String> defaults() {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("cleanup.policy", "delete");
        defaults.put("compression.type", "producer");
        defaults.put("file.delete.delay.ms", "60000");
        defaults.put("flush.messages", NEVER);
        defaults.put("flush.ms", NEVER);
        defaults.put("index.interval.bytes", "4096");
        defaults.put("max.message.bytes", "1048588");
        defaults.put("message.timestamp.after.max.ms", "3600000");
        defaults.put("message.timestamp.before.max.ms", NEVER);
        defaults.put("message.timestamp.type", "CreateTime");
        defaults.put("min.insync.replicas", "1");
        defaults.put("preallocate", "false");
        defaults.put("retention.bytes", "-1");
        defaults.put("retention.ms", "604800000");
        defaults.put("segment.bytes", "1073741824");
        defaults.put("segment.index.bytes", "10485760");
        defaults.put("segment.jitter.ms", "0");
        defaults.put("segment.ms", "604800000");
        defaults.put("unclean.leader.election.enable", "false");
        return Collections.unmodifiableMap(defaults);
    }
}
