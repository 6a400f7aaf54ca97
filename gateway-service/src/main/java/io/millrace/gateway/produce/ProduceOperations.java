package io.millrace.gateway.produce;

import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ErrorSchema;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the OpenAPI document says of producing. */
@Tag(name = ApiText.RECORDS)
interface ProduceOperations {
    String KEYED = "{\"records\":[{\"key\":\"customer-17\",\"value\":{\"order\":1,\"total\":99.95}},"
            + "{\"key\":\"customer-4\",\"value\":{\"order\":2,\"total\":12.5}}]}";
    String BINARY = "{\"records\":[{\"key\":\"Y3VzdG9tZXItMTc=\",\"value\":\"AAEC/w==\"}]}";
    String TEXT = "{\"records\":[{\"key\":\"customer-17\",\"value\":\"order 1 was paid\"}]}";
    String UNKEYED = "{\"records\":[{\"value\":{\"order\":3}},{\"value\":{\"order\":4},\"timestamp\":1767225600000,"
            + "\"headers\":[{\"key\":\"source\",\"value\":\"d2Vi\"}]}]}";
    String EVENT = "{\"specversion\":\"1.0\",\"id\":\"4711\",\"source\":\"/shop/1\",\"type\":\"order.paid\","
            + "\"partitionkey\":\"customer-17\",\"datacontenttype\":\"application/json\",\"data\":{\"order\":1}}";
    String EVENTS = "[" + EVENT + "]";
    String LINES = "{\"key\":\"customer-17\",\"value\":{\"order\":1}}\n{\"value\":{\"order\":2}}\n";
    String REPORTS = "{\"partition\":2,\"offset\":0}\n{\"error_code\":413,\"message\":\"the record is larger than the topic's "
            + "max.message.bytes\"}\n";
    String STORED = "{\"offsets\":[{\"partition\":2,\"offset\":0},{\"partition\":0,\"offset\":0}]}";
    String PARTLY = "{\"offsets\":[{\"partition\":2,\"offset\":1},"
            + "{\"error_code\":413,\"message\":\"the record is larger than the topic's max.message.bytes\"}]}";
    String DESCRIPTION = """
            The answer comes when every record is stored by its partition's leader and its in-sync replicas.

            Records with a key go to the partition that Kafka's clients choose for it; records without one go wherever they travel \
            best; `partition` overrides both. `"value": null`, or none, is a tombstone.

            `application/vnd.kafka.json.v2+json` (or plain `application/json`): key and value are any JSON and are stored as the JSON \
            text sent, so a string keeps its quotes. `application/vnd.kafka.text.v2+json`: they are strings, stored as UTF-8. \
            `application/vnd.kafka.binary.v2+json`: they are base64 of the bytes to store. Header values are always base64.

            `application/x-ndjson`: a stream of any length, each line a record like those of the other bodies. The answer is a stream \
            too, a line for each line in its order, sent as soon as it is known: read it while you send. What is wrong with a line is told \
            in its place and ends nothing; a last line that answers none tells why the stream was cut. Blank lines count for nothing.

            `text/plain` and `application/octet-stream`: the body is the value of one record. Its key is in `Millrace-Key` or `?key=`, \
            its headers in `Millrace-Header-NAME` or `?header.NAME=`, partition and timestamp in `?partition=` and `?timestamp=`.

            CloudEvents: `application/cloudevents+json` (structured mode), an array of them as `application/cloudevents-batch+json`, or \
            any body with `ce-` headers (binary mode) are stored in the same mode, as CloudEvents' binding for Kafka has it; the extension \
            `partitionkey` is the key.

            All of them may have `Content-Encoding: gzip`.

            A record that is refused is refused alone: its place in `offsets` says why. When nothing was stored, all for the same \
            reason, the answer is that error itself.
            """;

    String KEY_DESCRIPTION = """
            Makes a retry safe: the same request, sent again with the same key within 10 minutes (`millrace.storage.idempotency-keys.window` \
            of the brokers) to any gateway, is stored once and answered with its first offsets. The request is taken whole or not at all; \
            records without a key go to one partition. The key belongs to the topic; with another request it is refused with 422 wherever \
            a partition knows it.
            """;

    @Operation(operationId = "send", summary = "Produce records", description = DESCRIPTION)
    @Parameter(name = "async", in = ParameterIn.QUERY, description = "Answer at once, without waiting for the brokers: 204, or 200 and the errors already known, with null offsets for the records that were taken", schema = @Schema(type = "boolean", defaultValue = "false"))
    @Parameter(name = "Idempotency-Key", in = ParameterIn.HEADER, description = KEY_DESCRIPTION, schema = @Schema(type = "string", minLength = 1, maxLength = 255))
    @Parameter(name = "key", in = ParameterIn.QUERY, description = "Of a single record (`text/plain`, `application/octet-stream`), if it is not in `Millrace-Key`", schema = @Schema(type = "string"))
    @Parameter(name = "timestamp", in = ParameterIn.QUERY, description = "Of a single record: milliseconds since 1970", schema = @Schema(type = "integer", format = "int64", minimum = "0"))
    @Parameter(name = "Millrace-Key", in = ParameterIn.HEADER, description = "Key of a single record", schema = @Schema(type = "string"))
    @Parameter(name = "topic", in = ParameterIn.PATH, example = "orders", schema = @Schema(type = "string"))
    @RequestBody(required = true, content = {
            @Content(mediaType = ApiText.RECORDS_JSON, schema = @Schema(implementation = ProduceRequestSchema.class), examples = {
                    @ExampleObject(name = "with keys", value = KEYED),
                    @ExampleObject(name = "without keys", value = UNKEYED)}),
            @Content(mediaType = ApiText.RECORDS_TEXT, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "text", value = TEXT)),
            @Content(mediaType = ApiText.RECORDS_BINARY, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "binary", value = BINARY)),
            @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "with keys", value = KEYED)),
            @Content(mediaType = ApiText.LINES, schema = @Schema(implementation = RecordToProduce.class), examples = @ExampleObject(name = "lines", value = LINES)),
            @Content(mediaType = ApiText.PLAIN_TEXT, schema = @Schema(type = "string"), examples = @ExampleObject(name = "plain text", value = "order 1 was paid")),
            @Content(mediaType = ApiText.BYTES, schema = @Schema(type = "string", format = "binary"), examples = @ExampleObject(name = "bytes", value = "any bytes")),
            @Content(mediaType = ApiText.CLOUD_EVENT, schema = @Schema(implementation = CloudEventSchema.class), examples = @ExampleObject(name = "a CloudEvent", value = EVENT)),
            @Content(mediaType = ApiText.CLOUD_EVENTS, array = @ArraySchema(schema = @Schema(implementation = CloudEventSchema.class)), examples = @ExampleObject(name = "CloudEvents", value = EVENTS))})
    @ApiResponse(responseCode = "200", description = "Stored; refused records alone carry an error", content = {
            @Content(mediaType = ApiText.METADATA, schema = @Schema(implementation = ProduceAnswerSchema.class), examples = {
                    @ExampleObject(name = "stored", value = STORED),
                    @ExampleObject(name = "one refused", value = PARTLY)}),
            @Content(mediaType = ApiText.LINES, schema = @Schema(implementation = ProducedOffset.class), examples = @ExampleObject(name = "a report for each line", value = REPORTS))})
    @ApiResponse(responseCode = "204", description = "Taken (`async=true`)", content = @Content)
    @ApiResponse(responseCode = "400", description = "Malformed JSON, an unknown field, a wrong type: named with its byte", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_400)))
    @ApiResponse(responseCode = "404", description = "No such topic, unless the cluster is set to create it (`MILLRACE_AUTO_CREATE_TOPICS`), or no such partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_404)))
    @ApiResponse(responseCode = "413", description = "The body, or the only record, is too large", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "415", description = "Another `Content-Type` or `Content-Encoding`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "422", description = "The topic does not take such records, or the Idempotency-Key came with another request before", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "503", description = "A leader is away, or too many records wait; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_503)))
    void produce(@Parameter(hidden = true) String topic, @Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response) throws IOException, InterruptedException;

    @Operation(operationId = "sendToPartition", summary = "Produce records to one partition", description = "As producing to the topic, but `partition` comes from the path.")
    @Parameter(name = "async", in = ParameterIn.QUERY, description = "Answer at once, without waiting for the brokers: 204, or 200 and the errors already known, with null offsets for the records that were taken", schema = @Schema(type = "boolean", defaultValue = "false"))
    @Parameter(name = "Idempotency-Key", in = ParameterIn.HEADER, description = KEY_DESCRIPTION, schema = @Schema(type = "string", minLength = 1, maxLength = 255))
    @Parameter(name = "key", in = ParameterIn.QUERY, description = "Of a single record (`text/plain`, `application/octet-stream`), if it is not in `Millrace-Key`", schema = @Schema(type = "string"))
    @Parameter(name = "timestamp", in = ParameterIn.QUERY, description = "Of a single record: milliseconds since 1970", schema = @Schema(type = "integer", format = "int64", minimum = "0"))
    @Parameter(name = "Millrace-Key", in = ParameterIn.HEADER, description = "Key of a single record", schema = @Schema(type = "string"))
    @Parameter(name = "topic", in = ParameterIn.PATH, example = "orders", schema = @Schema(type = "string"))
    @Parameter(name = "partition", in = ParameterIn.PATH, example = "0", schema = @Schema(type = "integer"))
    @RequestBody(required = true, content = {
            @Content(mediaType = ApiText.RECORDS_JSON, schema = @Schema(implementation = ProduceRequestSchema.class), examples = {
                    @ExampleObject(name = "with keys", value = KEYED),
                    @ExampleObject(name = "without keys", value = UNKEYED)}),
            @Content(mediaType = ApiText.RECORDS_TEXT, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "text", value = TEXT)),
            @Content(mediaType = ApiText.RECORDS_BINARY, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "binary", value = BINARY)),
            @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ProduceRequestSchema.class), examples = @ExampleObject(name = "with keys", value = KEYED)),
            @Content(mediaType = ApiText.LINES, schema = @Schema(implementation = RecordToProduce.class), examples = @ExampleObject(name = "lines", value = LINES)),
            @Content(mediaType = ApiText.PLAIN_TEXT, schema = @Schema(type = "string"), examples = @ExampleObject(name = "plain text", value = "order 1 was paid")),
            @Content(mediaType = ApiText.BYTES, schema = @Schema(type = "string", format = "binary"), examples = @ExampleObject(name = "bytes", value = "any bytes")),
            @Content(mediaType = ApiText.CLOUD_EVENT, schema = @Schema(implementation = CloudEventSchema.class), examples = @ExampleObject(name = "a CloudEvent", value = EVENT)),
            @Content(mediaType = ApiText.CLOUD_EVENTS, array = @ArraySchema(schema = @Schema(implementation = CloudEventSchema.class)), examples = @ExampleObject(name = "CloudEvents", value = EVENTS))})
    @ApiResponse(responseCode = "200", description = "Stored; refused records alone carry an error", content = {
            @Content(mediaType = ApiText.METADATA, schema = @Schema(implementation = ProduceAnswerSchema.class), examples = @ExampleObject("{\"offsets\":[{\"partition\":0,\"offset\":1},{\"partition\":0,\"offset\":2}]}")),
            @Content(mediaType = ApiText.LINES, schema = @Schema(implementation = ProducedOffset.class), examples = @ExampleObject(name = "a report for each line", value = REPORTS))})
    @ApiResponse(responseCode = "204", description = "Taken (`async=true`)", content = @Content)
    @ApiResponse(responseCode = "400", description = "Malformed JSON, an unknown field, a wrong type", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "404", description = "No such topic, unless the cluster is set to create it, or no such partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "413", description = "The body, or the only record, is too large", content = @Content)
    @ApiResponse(responseCode = "415", description = "Another `Content-Type` or `Content-Encoding`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "422", description = "The topic does not take such records, or the Idempotency-Key came with another request before", content = @Content)
    @ApiResponse(responseCode = "503", description = "The leader is away, or too many records wait", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    void produceToPartition(@Parameter(hidden = true) String topic, @Parameter(hidden = true) int partition,
            @Parameter(hidden = true) HttpServletRequest request,
            @Parameter(hidden = true) HttpServletResponse response)
            throws IOException, InterruptedException;

    @Schema(name = "CloudEvent", description = "As CloudEvents 1.0.2 has it; with extensions of any name", additionalProperties = Schema.AdditionalPropertiesValue.TRUE)
    record CloudEventSchema(String specversion, String id, String source, String type, @Nullable String partitionkey,
            @Nullable String datacontenttype, @Nullable Object data) {}

    /** For the document alone: bodies are never made into objects. */
    @Schema(name = "ProduceRequest")
    record ProduceRequestSchema(List<RecordToProduce> records) {}

    @Schema(name = "RecordToProduce")
    record RecordToProduce(
            @Schema(description = "Any JSON; a string in the text and binary formats") @Nullable Object key,
            @Schema(description = "Any JSON; a string in the text and binary formats; null is a tombstone") @Nullable Object value,
            @Schema(description = "Overrides the choice by key", minimum = "0") @Nullable Integer partition,
            @Schema(description = "Milliseconds since 1970; now if absent", minimum = "0") @Nullable Long timestamp,
            @Nullable List<RecordHeader> headers) {}

    @Schema(name = "RecordHeader")
    record RecordHeader(String key, @Schema(description = "base64", example = "d2Vi") @Nullable String value) {}

    @Schema(name = "ProduceAnswer")
    record ProduceAnswerSchema(@Schema(description = "One for each record, in order") List<ProducedOffset> offsets) {}

    @Schema(name = "ProducedOffset", description = "`partition` and `offset`, or `error_code` and `message`")
    record ProducedOffset(@Nullable Integer partition, @Nullable Long offset, @Nullable Integer error_code,
            @Nullable String message) {}
}
