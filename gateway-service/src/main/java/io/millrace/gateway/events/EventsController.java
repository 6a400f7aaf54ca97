package io.millrace.gateway.events;

import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
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
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Subscriptions over HTTP. Where it begins is found before anything is answered. */
@RestController
@Tag(name = ApiText.EVENTS)
class EventsController {
    private static final String LAST_EVENT_ID = "Last-Event-ID";
    private static final List<String> PARAMETERS = List.of("from", "partitions", "format", "lastEventId", "timeout");
    private static final List<String> PARAMETERS_WITH_TOPICS = List.of("topics", "from", "partitions", "format",
            "lastEventId", "timeout");
    private static final String DESCRIPTION = """
            Writes each record as an event, from `from` on, and stays open for those to come. In a browser: \
            `new EventSource("/topics/orders/events").addEventListener("record", e => console.log(JSON.parse(e.data)))`.

            An event's id holds the next offset of every partition: sent back as `Last-Event-ID` (browsers do by themselves) or as \
            `lastEventId`, the stream goes on exactly after that event, at any gateway. Partitions added since are read from offset 0.

            * `record`: one record.
            * `gap`: what should have come next is no longer in the log (retention, or the topic was deleted and created again); \
            the stream goes on at `available`.
            * `caught-up`: once, when all that was in the log has been written.

            With `key`, `header.NAME` (for any NAME) and `where` only the records that match are shown; all that are given must match, of \
            several keys or values of one header one. Where records are passed over, blocks come now and then that hold an id alone.

            Comments come every 15 seconds of silence. With `timeout` the answer ends when it has had records, or after that time, to be \
            gone on from its last id: a long poll. With `Accept-Encoding: gzip` it is compressed, event by event. \
            The stream ends, to be resumed, when the gateway stops, when a topic gets more \
            partitions or is deleted, and when the client reads so slowly that it is too far behind.

            This page shows a stream once it has ended, which the `timeout` of the example is for; `curl -N` shows it as it comes.
            """;
    private static final String EXAMPLE = """
            retry: 2000

            id: AZq3o1VhBgEAAAAAACx5fA

            event: record
            id: AZq3o1VhBgIAAAAAAJ8xOA
            data: {"topic":"orders","partition":0,"offset":1,"timestamp":1767225600000,"key":"customer-17","value":{"order":1,"total":99.95}}

            event: caught-up
            data: {}

            """;

    private final Topics topics;
    private final EventStreams streams;
    private final LiveStreams live;
    private final EventsProperties properties;

    EventsController(Topics topics, EventStreams streams, LiveStreams live, EventsProperties properties) {
        this.topics = topics;
        this.streams = streams;
        this.live = live;
        this.properties = properties;
    }

    @GetMapping("/topics/{topic}/events")
    @Operation(operationId = "topicEvents", summary = "Subscribe to a topic", description = DESCRIPTION)
    @ApiResponse(responseCode = "200", description = "The stream", content = @Content(mediaType = "text/event-stream", schema = @Schema(implementation = EventSchemas.Event.class), examples = @ExampleObject(EXAMPLE)))
    @ApiResponse(responseCode = "400", description = "A parameter is wrong, or the id is not of this subscription", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such topic or partition", content = @Content)
    @ApiResponse(responseCode = "422", description = "The format, the time-out or a filter cannot be", content = @Content)
    @ApiResponse(responseCode = "503", description = "Too many streams, or a partition has no leader; see Retry-After", content = @Content)
    void topicEvents(
            @Parameter(example = "orders") @PathVariable String topic,
            @Parameter(description = "`earliest`, `latest`, an ISO-8601 time with zone, or milliseconds since 1970", example = "earliest") @RequestParam(required = false) @Nullable String from,
            @Parameter(description = "Numbers, comma-separated; all when absent") @RequestParam(required = false) @Nullable String partitions,
            @Parameter(description = "How keys and values are shown: `json`, `text` or `binary` (base64)", example = "json") @RequestParam(required = false) @Nullable String format,
            @Parameter(description = "As the header of this name, which wins") @RequestParam(required = false) @Nullable String lastEventId,
            @Parameter(in = ParameterIn.HEADER, name = LAST_EVENT_ID, description = "Id of the last event that was seen") @RequestHeader(name = LAST_EVENT_ID, required = false) @Nullable String lastEventIdHeader,
            @Parameter(description = StreamParameters.KEY) @RequestParam(required = false) @Nullable List<String> key,
            @Parameter(description = StreamParameters.WHERE) @RequestParam(required = false) @Nullable List<String> where,
            @Parameter(description = StreamParameters.TIMEOUT, example = "5000") @RequestParam(required = false) @Nullable Long timeout,
            HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        String resumed = lastEventIdHeader != null ? lastEventIdHeader : lastEventId;
        StreamParameters.refuseUnknown(request, PARAMETERS);
        serve(new StreamRequest.Parameters(topic, partitions, from, format, resumed, timeout, request
                .getParameterMap()), request, response);
    }

    @GetMapping("/events")
    @Operation(operationId = "events", summary = "Subscribe to several topics in one stream", description = DESCRIPTION)
    @ApiResponse(responseCode = "200", description = "The stream", content = @Content(mediaType = "text/event-stream", schema = @Schema(implementation = EventSchemas.Event.class), examples = @ExampleObject(EXAMPLE)))
    @ApiResponse(responseCode = "400", description = "A parameter is wrong, or the id is not of this subscription", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such topic or partition", content = @Content)
    @ApiResponse(responseCode = "422", description = "The format, the time-out or a filter cannot be", content = @Content)
    @ApiResponse(responseCode = "503", description = "Too many streams, or a partition has no leader; see Retry-After", content = @Content)
    void events(
            @Parameter(name = "topics", description = "Names, comma-separated", example = "orders") @RequestParam("topics") String names,
            @Parameter(description = "`earliest`, `latest`, an ISO-8601 time with zone, or milliseconds since 1970", example = "earliest") @RequestParam(required = false) @Nullable String from,
            @Parameter(description = "Numbers, comma-separated; only with a single topic") @RequestParam(required = false) @Nullable String partitions,
            @Parameter(description = "How keys and values are shown: `json`, `text` or `binary` (base64)", example = "json") @RequestParam(required = false) @Nullable String format,
            @Parameter(description = "As the header of this name, which wins") @RequestParam(required = false) @Nullable String lastEventId,
            @Parameter(in = ParameterIn.HEADER, name = LAST_EVENT_ID, description = "Id of the last event that was seen") @RequestHeader(name = LAST_EVENT_ID, required = false) @Nullable String lastEventIdHeader,
            @Parameter(description = StreamParameters.KEY) @RequestParam(required = false) @Nullable List<String> key,
            @Parameter(description = StreamParameters.WHERE) @RequestParam(required = false) @Nullable List<String> where,
            @Parameter(description = StreamParameters.TIMEOUT, example = "5000") @RequestParam(required = false) @Nullable Long timeout,
            HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        String resumed = lastEventIdHeader != null ? lastEventIdHeader : lastEventId;
        StreamParameters.refuseUnknown(request, PARAMETERS_WITH_TOPICS);
        serve(new StreamRequest.Parameters(names, partitions, from, format, resumed, timeout, request
                .getParameterMap()), request, response);
    }

    private void serve(StreamRequest.Parameters parameters, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        var wanted = StreamRequest.of(parameters, topics, properties);
        if (request.getMethod().equals("HEAD")) {
            // The body of such an answer goes nowhere, so that nobody would ever notice that the client has left.
            LiveStreams.announce(response, false);
            return;
        }
        live.serve(request, response, () -> streams.open(wanted));
    }
}
