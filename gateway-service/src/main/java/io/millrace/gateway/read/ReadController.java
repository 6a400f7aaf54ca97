package io.millrace.gateway.read;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.answers.AnswerMemory;
import io.millrace.gateway.answers.AnswerShare;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.FetchFrom;
import io.millrace.gateway.brokers.FetchLimits;
import io.millrace.gateway.brokers.Fetched;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.Shutdown;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ErrorSchema;
import io.millrace.gateway.records.NotJson;
import io.millrace.gateway.records.RecordFormat;
import io.millrace.gateway.records.RecordJsonWriter;
import io.millrace.gateway.records.RecordSchema;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Reads a partition from an offset or a time. */
@RestController
@Tag(name = ApiText.RECORDS)
class ReadController {
    private static final String NEXT_OFFSET_HEADER = "Millrace-Next-Offset";
    private static final String END_OFFSET_HEADER = "Millrace-End-Offset";
    private static final long OUT_OF_RANGE = -2;
    private static final int MAX_LOOKUPS = 3;

    private final Topics topics;
    private final Brokers brokers;
    private final Shutdown shutdown;
    private final AnswerMemory answers;
    private final ReadProperties properties;

    ReadController(Topics topics, Brokers brokers, Shutdown shutdown, AnswerMemory answers, ReadProperties properties) {
        this.answers = answers;
        this.shutdown = shutdown;
        this.topics = topics;
        this.brokers = brokers;
        this.properties = properties;
    }

    @Operation(operationId = "read", summary = "Read records from an offset or a time", description = """
            Answers as soon as there are records, or `[]` when none came within `timeout`. The header `Millrace-Next-Offset` says where \
            to read on, `Millrace-End-Offset` where the partition ends.
            A gateway that shuts down answers at once, with `[]` when there is nothing yet.

            `Accept` chooses the format: `application/vnd.kafka.json.v2+json` shows keys and values that are JSON as they are and \
            refuses others with 406; `application/vnd.kafka.text.v2+json` shows all as strings; \
            `application/vnd.kafka.binary.v2+json` as base64. Anything else means JSON, where what is not JSON is shown as a string.
            """)
    @ApiResponse(responseCode = "200", description = "Records, in order", content = {
            @Content(mediaType = ApiText.JSON, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class)), examples = @ExampleObject("""
                            [{"topic":"orders","partition":0,"offset":0,"timestamp":1767225600000,"key":"customer-17",\
                            "value":{"order":1,"total":99.95}}]""")),
            @Content(mediaType = ApiText.RECORDS_JSON, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class))),
            @Content(mediaType = ApiText.RECORDS_TEXT, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class))),
            @Content(mediaType = ApiText.RECORDS_BINARY, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class)))})
    @ApiResponse(responseCode = "404", description = "No such topic or partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_404)))
    @ApiResponse(responseCode = "406", description = "JSON was asked for by name, but a record is not JSON", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "416", description = "The offset is outside the log", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("""
                            {"error_code":416,"message":"offset 99 is outside partition 0 of topic 'orders', which goes from 0 to 2",\
                            "code":"OFFSET_OUT_OF_RANGE"}""")))
    @ApiResponse(responseCode = "503", description = "The leader is away, or there is no memory for the answer; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_503)))
    @GetMapping("/topics/{topic}/partitions/{partition}/records")
    void read(
            @Parameter(example = "orders") @PathVariable("topic") String topic,
            @Parameter(example = "0") @PathVariable("partition") int partition,
            @Parameter(description = "A number, `earliest` (the default) or `latest`", example = "earliest") @RequestParam(name = "offset", required = false) @Nullable String offset,
            @Parameter(description = "Instead of an offset: from the first record at or after this time, in ms since 1970") @RequestParam(name = "timestamp", required = false) @Nullable Long timestamp,
            @Parameter(description = "Longest wait for records, in ms", example = "1000") @RequestParam(name = "timeout", required = false) @Nullable Long timeout,
            @Parameter(description = "Most bytes of records, fewer while the gateway is short of memory; a first record that is larger comes nevertheless") @RequestParam(name = "max_bytes", required = false) @Nullable Long maxBytes,
            @Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response) throws IOException, InterruptedException {
        topics.require(topic, partition);
        RecordFormat named = RecordFormat.named(request.getHeader(HttpHeaders.ACCEPT));
        RecordFormat format = named == null ? RecordFormat.JSON : named;
        Duration wait = capped("timeout", timeout, properties.defaultTimeout(), properties.maxTimeout());
        int budgetBytes = capped("max_bytes", maxBytes, properties.defaultMaxSize().toBytes(), properties.maxSize()
                .toBytes());
        long deadline = System.nanoTime() + wait.toNanos();
        var writer = new RecordJsonWriter(format, named == null ? NotJson.AS_STRING : NotJson.REFUSE, false);
        writer.partition(topic, partition);
        try (var share = answers.open()) {
            PartitionAnswer answer;
            long end;
            int lookups = 0;
            do {
                // What was looked up may be gone by the time of the fetch, or another leads, which knew less when it refused.
                answer = new PartitionAnswer(share, writer, start(topic, partition, offset, timestamp), budgetBytes);
                end = fill(answer, share, topic, partition, deadline);
            } while (end == OUT_OF_RANGE && ++lookups < MAX_LOOKUPS);
            if (end == OUT_OF_RANGE) {
                throw outOfRange(topic, partition, answer.nextOffset());
            }
            response.setContentType(named == null ? ApiText.JSON : named.mediaType());
            response.setHeader(NEXT_OFFSET_HEADER, Long.toString(answer.nextOffset()));
            if (end >= 0) {
                response.setHeader(END_OFFSET_HEADER, Long.toString(end));
            }
            response.setContentLengthLong(answer.body().sizeBytes());
            answer.body().sendTo(response.getOutputStream());
        }
    }

    /**
     * Fetches until there is a record to show, the time is up or the gateway's shutdown begins: a fetch may find nothing but control records.
     *
     * @return the end offset, -1 if not known; {@link #OUT_OF_RANGE}
     */
    private long fill(PartitionAnswer answer, AnswerShare share, String topic, int partition, long deadline)
            throws InterruptedException {
        while (true) {
            var from = new FetchFrom(topic, partition, answer.nextOffset());
            long left = Math.max(0, deadline - System.nanoTime());
            int fetchBytes = share.fetchBytes(answer.budgetBytes());
            var limits = new FetchLimits(Duration.ofNanos(left), fetchBytes, fetchBytes, false, share);
            Fetched fetched = brokers.fetch(List.of(from), limits).getFirst();
            if (fetched.error() == ErrorCode.QUEUE_FULL) {
                if (shutdown.hasBegun() || !share.awaitRoom(share.patientUntil(deadline))) {
                    throw share.refusal();
                }
                continue;
            }
            if (fetched.error() == ErrorCode.OFFSET_OUT_OF_RANGE || from.offset() > fetched.highWatermark() && fetched
                    .highWatermark() >= 0) {
                return OUT_OF_RANGE;
            }
            if (fetched.error() != null) {
                throw fetched.error() == ErrorCode.LEADER_UNAVAILABLE ? Brokers.leaderUnavailable(topic, partition)
                        : Topics.unknownTopic(topic);
            }
            answer.addAll(fetched.records());
            share.releaseFetched();
            if (answer.body().records() > 0 || shutdown.hasBegun() || deadline - System
                    .nanoTime() < TimeUnit.MILLISECONDS
                            .toNanos(1)) {
                return fetched.highWatermark();
            }
        }
    }

    private long start(String topic, int partition, @Nullable String offset, @Nullable Long timestamp)
            throws InterruptedException {
        if (timestamp != null) {
            if (offset != null) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "timestamp: give either offset or timestamp");
            }
            if (timestamp < 0) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "timestamp: must not be negative");
            }
            long found = brokers.offset(topic, partition, timestamp);
            return found >= 0 ? found : brokers.offset(topic, partition, OffsetQuery.LATEST);
        }
        if (offset == null || offset.equals("earliest")) {
            return brokers.offset(topic, partition, OffsetQuery.EARLIEST);
        }
        if (offset.equals("latest")) {
            return brokers.offset(topic, partition, OffsetQuery.LATEST);
        }
        try {
            long number = Long.parseLong(offset);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException _) {
            // Told below.
        }
        throw new RefusedException(ErrorCode.INVALID_REQUEST, "offset: '" + offset
                + "' is not a number from 0 on, earliest or latest");
    }

    private RefusedException outOfRange(String topic, int partition, long offset) throws InterruptedException {
        return new RefusedException(ErrorCode.OFFSET_OUT_OF_RANGE, "offset " + offset + " is outside partition "
                + partition + " of topic '" + topic + "', which goes from " + brokers.offset(topic, partition,
                        OffsetQuery.EARLIEST) + " to " + brokers.offset(topic, partition, OffsetQuery.LATEST));
    }

    private static Duration capped(String name, @Nullable Long askedMs, Duration otherwise, Duration limit) {
        return Duration.ofMillis(capped(name, askedMs, otherwise.toMillis(), limit.toMillis()));
    }

    private static int capped(String name, @Nullable Long asked, long otherwise, long limit) {
        if (asked != null && asked < 0) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, name + ": must not be negative");
        }
        return (int) Math.min(asked == null ? otherwise : asked, limit);
    }
}
