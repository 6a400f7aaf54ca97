package io.millrace.gateway.v3.records;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Shutdown;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.BodyBuffer;
import io.millrace.gateway.edge.StreamedBodies;
import io.millrace.gateway.produce.RequestBody;
import io.millrace.gateway.producer.IdempotencyKeys;
import io.millrace.gateway.v3.V3Clusters;
import io.millrace.gateway.v3.records.RecordStream.GroupMemory;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Produces; reads and writes bytes by itself. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/topics/{topic_name}")
@Tag(name = ApiText.V3_RECORDS)
class V3RecordsController implements StreamedBodies {
    private static final int MULTI_STATUS = 207;
    private static final String ONE = "{\"key\":{\"type\":\"STRING\",\"data\":\"customer-17\"},"
            + "\"value\":{\"type\":\"JSON\",\"data\":{\"order\":1,\"total\":99.95}},"
            + "\"headers\":[{\"name\":\"source\",\"value\":\"d2Vi\"}]}";
    private static final String REPORT = "{\"error_code\":200,\"cluster_id\":\"7fMZc2JYTxGzXcoVbxkWOA\",\"topic_name\":\"orders\","
            + "\"partition_id\":2,\"offset\":0,\"timestamp\":\"2026-01-01T00:00:00Z\",\"key\":{\"type\":\"STRING\",\"size\":11},"
            + "\"value\":{\"type\":\"JSON\",\"size\":25}}";

    private final V3Clusters clusters;
    private final Topics topics;
    private final RecordSender sender;
    private final Shutdown shutdown;
    private final V3RecordsProperties properties;
    private final WholeBodies bodies;
    private final ObjectStreams objects;
    private final Semaphore streams;
    private final Set<RecordStream> open = ConcurrentHashMap.newKeySet();

    V3RecordsController(V3Clusters clusters, Topics topics, RecordSender sender, Shutdown shutdown,
            V3RecordsProperties properties, WholeBodies bodies, ObjectStreams objects) {
        this.objects = objects;
        this.clusters = clusters;
        this.topics = topics;
        this.sender = sender;
        this.shutdown = shutdown;
        this.properties = properties;
        this.bodies = bodies;
        shutdown.onBegin(() -> open.forEach(stream -> Thread.ofVirtual().name("v3-end").start(stream::endEarly)));
        this.streams = new Semaphore(properties.maxStreams());
    }

    /** Of {@link #produce}, where its path is written plainly. */
    @Override
    public boolean areOf(HttpServletRequest request) {
        String path = request.getRequestURI();
        return path.startsWith("/v3/clusters/") && path.endsWith("/records") && request.getMethod().equals("POST");
    }

    @PostMapping("/records")
    @Operation(operationId = "produceRecord", summary = "Produce a record, or a stream of them", description = """
            The body is one JSON object, or any number of them one after the other; it may be endless. For each there is a report, in the \
            same order, each once its record is stored or refused: `error_code` 200, or why it is not stored; an error of one ends \
            nothing. So the HTTP status is 200 as soon as there is a report. Only where an object cannot be found in the body at all is its report the last one. \
            Read the reports while you send: who does not read them is not read from. A stream in which nothing comes for too long ends with 408. \
            With an `Idempotency-Key` the body is taken whole, and so are its records: where one is refused, or the body ends within an object, none is stored. The body may have `Content-Encoding: gzip`.
            """)
    @Parameter(name = IdempotencyKeys.HEADER, in = ParameterIn.HEADER, description = "Names the request: sent again, it is stored once", schema = @Schema(type = "string"))
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = RecordSchema.class), examples = {
            @ExampleObject(name = "one", value = ONE),
            @ExampleObject(name = "bytes to one partition", value = "{\"partition_id\":0,\"value\":{\"type\":\"BINARY\",\"data\":\"AAEC/w==\"},\"timestamp\":\"2026-01-01T00:00:00Z\"}"),
            @ExampleObject(name = "a stream", value = "{\"value\":{\"type\":\"STRING\",\"data\":\"first\"}} {\"value\":{\"type\":\"STRING\",\"data\":\"second\"}}")}))
    @ApiResponse(responseCode = "200", description = "Reports, one after the other", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ReportSchema.class), examples = @ExampleObject(REPORT)))
    @ApiResponse(responseCode = "400", description = "There is no object in the body, or (with an `Idempotency-Key`) something that is none")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic, unless the cluster is set to create it")
    @ApiResponse(responseCode = "413", description = "The body is too large to be taken whole, or has too many records for that (`Idempotency-Key`)")
    void produce(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response) throws IOException, InterruptedException {
        var links = clusters.require(clusterId, request);
        RequestKey key = IdempotencyKeys.read(request.getHeader(IdempotencyKeys.HEADER), topics.requireOrCreate(topic));
        if (!streams.tryAcquire()) {
            throw new RefusedException(ErrorCode.QUEUE_FULL, "there are " + properties.maxStreams()
                    + " streams of records already; try again later");
        }
        try {
            if (key == null) {
                boolean isCompressed = RequestBody.isCompressed(request, response);
                long announced = isCompressed ? -1 : request.getContentLengthLong();
                int readBytes = objects.readBytes(announced);
                try (var share = objects.open(readBytes);
                        InputStream in = RequestBody.open(request, isCompressed)) {
                    run(links.clusterId(), topic, new ObjectStream(in, readBytes, objects.longestBytes(announced),
                            share), null, ObjectStreams.groups(share),
                            response);
                }
            } else {
                try (BodyBuffer body = bodies.read(request, response)) {
                    run(links.clusterId(), topic, ObjectStream.of(body.bytes(), body.length()), key, bodies.of(body),
                            response);
                }
            }
        } finally {
            streams.release();
        }
    }

    private void run(String clusterId, String topic, ObjectStream in, @Nullable RequestKey key,
            GroupMemory memory, HttpServletResponse response) throws IOException, InterruptedException {
        var stream = new RecordStream(clusterId, topic, topics, sender, response, shutdown::hasBegun, key == null
                ? properties.maxBatchEntries()
                : bodies.maxRecords(), memory);
        open.add(stream);
        try {
            stream.run(in, key);
        } finally {
            open.remove(stream);
        }
    }

    @PostMapping("/records:batch")
    @Operation(operationId = "produceRecordsBatch", summary = "Produce a batch of records", description = "Entries are told apart by their ids. The answer tells of each "
            + "whether it was stored. With an `Idempotency-Key` none is where one is refused. The body may have `Content-Encoding: gzip`.")
    @Parameter(name = IdempotencyKeys.HEADER, in = ParameterIn.HEADER, description = "Names the request: sent again, it is stored once", schema = @Schema(type = "string"))
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = BatchSchema.class), examples = @ExampleObject(name = "two", value = "{\"entries\":["
            + "{\"id\":\"1\",\"value\":{\"type\":\"STRING\",\"data\":\"first\"}},"
            + "{\"id\":\"2\",\"key\":{\"type\":\"BINARY\",\"data\":\"a2V5\"},\"value\":{\"type\":\"JSON\",\"data\":[1,2]}}]}")))
    @ApiResponse(responseCode = "207", description = "What became of each", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = BatchAnswerSchema.class), examples = @ExampleObject("{\"successes\":[{\"id\":\"1\","
            + "\"cluster_id\":\"7fMZc2JYTxGzXcoVbxkWOA\",\"topic_name\":\"orders\",\"partition_id\":2,\"offset\":0,\"timestamp\":\"2026-01-01T00:00:00Z\","
            + "\"value\":{\"type\":\"STRING\",\"size\":5}}],\"failures\":[{\"id\":\"2\",\"error_code\":413,\"message\":\"the record is larger than the topic's max.message.bytes\"}]}")))
    @ApiResponse(responseCode = "400", description = "Malformed, or an id is missing or another entry's too, or there are too many entries")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic, unless the cluster is set to create it")
    @ApiResponse(responseCode = "413", description = "The body is too large")
    void batch(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response) throws IOException, InterruptedException {
        var links = clusters.require(clusterId, request);
        var image = topics.requireOrCreate(topic);
        RequestKey key = IdempotencyKeys.read(request.getHeader(IdempotencyKeys.HEADER), image);
        try (BodyBuffer body = bodies.read(request, response)) {
            var batch = new RecordBatch(body, BatchBody.entries(body.bytes(), body.length(), properties
                    .maxBatchEntries()));
            var answer = batch.send(links.clusterId(), image, sender, key);
            response.setStatus(MULTI_STATUS);
            response.setContentType(ApiText.JSON);
            response.setContentLength(answer.size());
            answer.writeTo(response.getOutputStream());
        }
    }

    /** For the document alone: bodies are never made into objects. */
    @Schema(name = "V3Record")
    private record RecordSchema(@JsonProperty("partition_id") @Schema(minimum = "0") @Nullable Integer partitionId,
            @Nullable List<HeaderSchema> headers, @Nullable DataSchema key,
            @Schema(description = "Absent, or with null data: a tombstone") @Nullable DataSchema value,
            @Schema(format = "date-time", description = "Now if absent") @Nullable String timestamp) {}

    @Schema(name = "V3RecordHeader")
    private record HeaderSchema(String name,
            @Schema(description = "base64", example = "d2Vi") @Nullable String value) {}

    @Schema(name = "V3RecordData")
    private record DataSchema(@Schema(implementation = DataType.class) String type,
            @Schema(description = "Any JSON for JSON, a string for STRING, one of base64 for BINARY") @Nullable Object data) {}

    @Schema(name = "V3ProduceReport", description = "`error_code` 200 and where it is stored, or another and a `message`")
    private record ReportSchema(@JsonProperty("error_code") int errorCode, @Nullable String message,
            @JsonProperty("cluster_id") @Nullable String clusterId,
            @JsonProperty("topic_name") @Nullable String topicName,
            @JsonProperty("partition_id") @Nullable Integer partitionId, @Nullable Long offset,
            @Schema(description = "Absent where the leader's time counts") @Nullable String timestamp,
            @Nullable SizeSchema key, @Nullable SizeSchema value) {}

    @Schema(name = "V3RecordSize")
    private record SizeSchema(String type, int size) {}

    @Schema(name = "V3Batch")
    private record BatchSchema(List<EntrySchema> entries) {}

    @Schema(name = "V3BatchEntry")
    private record EntrySchema(@Schema(pattern = "^[0-9a-zA-Z_-]{1,80}$", example = "1") String id,
            @JsonProperty("partition_id") @Nullable Integer partitionId, @Nullable List<HeaderSchema> headers,
            @Nullable DataSchema key, @Nullable DataSchema value, @Nullable String timestamp) {}

    @Schema(name = "V3BatchAnswer")
    private record BatchAnswerSchema(List<Object> successes, List<Object> failures) {}
}
