package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.produce.ProduceAnswer;
import io.millrace.gateway.producer.Delivery;
import io.millrace.gateway.v3.V3Error;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Writes what became of records, as the dialect reports it. */
final class Reports {
    private static final int STORED = 200;

    private final String clusterId;
    private final TopicImage topic;
    private final @Nullable Delivery delivery;
    private final long sentMs;
    /** The leader's time is in the record then, and nobody tells it. */
    private final boolean hasLeadersTime;

    /**
     * @param delivery of the records that were sent on; null where none were
     * @param sentMs   the time of records that named none
     */
    Reports(String clusterId, TopicImage topic, @Nullable Delivery delivery, long sentMs) {
        this.clusterId = clusterId;
        this.topic = topic;
        this.delivery = delivery;
        this.sentMs = sentMs;
        this.hasLeadersTime = "LogAppendTime".equals(topic.configs().get("message.timestamp.type"));
    }

    /** Null where it was stored. */
    @Nullable
    RefusedException refusal(Taken taken) {
        if (taken.refusal() != null || delivery == null) {
            return taken.refusal();
        }
        ErrorCode error = delivery.error(taken.record());
        return error == null ? null
                : new RefusedException(error, ProduceAnswer.message(topic, error, delivery.partition(taken.record())));
    }

    /** @param id of a batch's entry; null in a stream */
    void write(@Nullable String id, Taken taken, JsonOutput out) {
        RefusedException refusal = refusal(taken);
        if (refusal == null) {
            writeStored(id, taken, Objects.requireNonNull(delivery), out);
        } else {
            writeRefused(id, refusal, out);
        }
    }

    private void writeStored(@Nullable String id, Taken taken, Delivery stored, JsonOutput out) {
        out.write('{');
        if (id == null) {
            name("error_code", out).writeLong(STORED);
        } else {
            name("id", out).writeString(id);
        }
        field("cluster_id", out).writeString(clusterId);
        field("topic_name", out).writeString(topic.name());
        field("partition_id", out).writeLong(stored.partition(taken.record()));
        field("offset", out).writeLong(stored.offset(taken.record()));
        if (!hasLeadersTime) {
            Long given = taken.timestampMs();
            field("timestamp", out).writeString(Instant.ofEpochMilli(given == null ? sentMs : given).toString());
        }
        part("key", taken.keyType(), taken.keySize(), out);
        part("value", taken.valueType(), taken.valueSize(), out);
        out.write('}');
    }

    static void writeRefused(@Nullable String id, RefusedException refusal, JsonOutput out) {
        out.write('{');
        if (id != null) {
            name("id", out).writeString(id);
            out.write(',');
        }
        name("error_code", out).writeLong(V3Error.of(refusal.code()).errorCode());
        field("message", out).writeString(V3Error.message(refusal.code(), String.valueOf(refusal.getMessage())));
        out.write('}');
    }

    private static void part(String name, @Nullable DataType type, int size, JsonOutput out) {
        if (type != null) {
            JsonOutput part = field(name, out);
            part.write('{');
            name("type", part).writeString(type.name());
            field("size", part).writeLong(size);
            part.write('}');
        }
    }

    private static JsonOutput field(String name, JsonOutput out) {
        out.write(',');
        return name(name, out);
    }

    private static JsonOutput name(String name, JsonOutput out) {
        out.write('"');
        out.write(name.getBytes(UTF_8));
        out.write('"');
        out.write(':');
        return out;
    }
}
