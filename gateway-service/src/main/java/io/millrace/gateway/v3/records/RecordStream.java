package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.producer.Delivery;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One request's records, sent on in the groups in which they come, each group reported before the next is read: so a client may wait for a
 * report before it sends its next record, one that does not read its reports is not read from, and no more than a group is held.
 */
final class RecordStream {
    private static final byte[] BETWEEN_REPORTS = "\r\n".getBytes(US_ASCII);

    private final String clusterId;
    private final String topicName;
    private final Topics topics;
    private final RecordSender sender;
    private final HttpServletResponse response;
    private final BooleanSupplier ending;
    private final RecordObjects objects = new RecordObjects();
    private final RecordSlices records = new RecordSlices();
    private final List<Taken> group = new ArrayList<>();
    private final JsonOutput reports = new JsonOutput(1024);
    private boolean anyReported;

    /** @param ending whether to read no more, for the gateway ends */
    RecordStream(String clusterId, String topicName, Topics topics, RecordSender sender, HttpServletResponse response,
            BooleanSupplier ending) {
        this.clusterId = clusterId;
        this.topicName = topicName;
        this.topics = topics;
        this.sender = sender;
        this.response = response;
        this.ending = ending;
    }

    /**
     * @param key under which the request is stored once; its objects are then one group. Null: none
     * @throws RefusedException if there was not one record
     */
    void run(ObjectStream in, @Nullable RequestKey key) throws IOException, InterruptedException {
        RefusedException end = null;
        while (end == null && !ending.getAsBoolean()) {
            records.clear(in.bytes());
            group.clear();
            try {
                if (!in.fill()) {
                    break;
                }
                records.clear(in.bytes());
                while (in.next()) {
                    group.add(in.isTooLong() ? Taken.refused(new RefusedException(ErrorCode.BODY_TOO_LARGE,
                            "the record is larger than one may be here"))
                            : objects.read(in.bytes(), in.start(), in.end(), records));
                }
            } catch (RefusedException malformed) {
                end = malformed;
            } catch (IOException failure) {
                if (!(failure instanceof SocketTimeoutException || failure
                        .getCause() instanceof SocketTimeoutException)) {
                    throw failure;
                }
                end = new RefusedException(ErrorCode.BODY_TOO_SLOW, "nothing came for too long");
            }
            if (!group.isEmpty()) {
                report(key);
            }
        }
        if (end == null && !anyReported) {
            end = ending.getAsBoolean()
                    ? new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again")
                    : new RefusedException(ErrorCode.MALFORMED_BODY, "the body is empty: at least a record is needed");
        }
        if (end != null) {
            if (!anyReported) {
                throw end;
            }
            Reports.writeRefused(null, end, reports);
            flush();
        }
    }

    private void report(@Nullable RequestKey key) throws IOException, InterruptedException {
        try {
            Reports written = send(key);
            for (Taken taken : group) {
                written.write(null, taken, reports);
                reports.write(BETWEEN_REPORTS);
            }
        } catch (RefusedException whole) {
            for (Taken taken : group) {
                Reports.writeRefused(null, taken.refusal() == null ? whole : taken.refusal(), reports);
                reports.write(BETWEEN_REPORTS);
            }
        }
        flush();
    }

    private Reports send(@Nullable RequestKey key) throws InterruptedException {
        long nowMs = System.currentTimeMillis();
        TopicImage topic = topics.require(topicName);
        Delivery delivery = records.count() == 0 ? null
                : key == null ? sender.sendWhenThereIsRoom(topic, records, nowMs)
                        : sender.send(topic, records, key, nowMs);
        return new Reports(clusterId, topic, delivery, nowMs);
    }

    private void flush() throws IOException {
        if (!anyReported) {
            response.setContentType("application/json");
            anyReported = true;
        }
        reports.writeTo(response.getOutputStream());
        reports.clear();
        response.flushBuffer();
    }
}
