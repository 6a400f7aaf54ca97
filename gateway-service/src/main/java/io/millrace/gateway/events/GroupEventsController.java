package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.consumers.BaseUri;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.events.GroupStreams.Request;
import io.millrace.gateway.records.RecordFormat;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
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
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Subscriptions that share the work of a group. */
@RestController
@Tag(name = ApiText.EVENTS)
class GroupEventsController {
    private static final List<String> PARAMETERS = List.of("topics", "commit", "from", "format", "timeout",
            "lastEventId");
    private static final String DESCRIPTION = """
            The connection is a member of the group: the partitions are shared with its other members, whether they are streams, poll over \
            HTTP or speak Kafka's protocol, and each record goes to one of them. The stream begins where the group has committed, else at \
            `from`. Its events have no ids: where a client goes on is what was committed, so `Last-Event-ID` is passed over.

            * `joined`: the first event; `base_uri` is the address of the consumer instance that the stream is.
            * `assigned`, `revoked`: partitions that came and went.
            * `record`, `gap`, `caught-up`: as in a subscription of one's own.
            * `fenced`: the last event, when the group goes on without the stream, because nothing was heard of it for its session's time.

            With `commit=auto` what was written to the connection is committed: a heartbeat later, at once when partitions go to another \
            member, and when the stream ends by itself. What was written within the last heartbeat before the client left, or its connection broke, comes again. With `commit=manual` the client does it: `POST {base_uri}/offsets` with the offset after each \
            record that it is done with; what it has not committed when it leaves comes again, to whom the partition goes. It does not go with `timeout`.

            When the client leaves, so does the member; its partitions go to the others at once.
            """;
    private static final String EXAMPLE = """
            retry: 2000

            event: joined
            data: {"group":"live","instance_id":"consumer-5c3e","base_uri":"http://localhost:8080/consumers/live/instances/consumer-5c3e","commit":"auto"}

            event: assigned
            data: {"partitions":[{"topic":"orders","partition":0}]}

            event: record
            data: {"topic":"orders","partition":0,"offset":1,"timestamp":1767225600000,"key":"customer-17","value":{"order":1,"total":99.95}}

            event: caught-up
            data: {}

            """;

    private final Topics topics;
    private final GroupStreams streams;
    private final LiveStreams live;
    private final EventsProperties properties;

    GroupEventsController(Topics topics, GroupStreams streams, LiveStreams live, EventsProperties properties) {
        this.topics = topics;
        this.streams = streams;
        this.live = live;
        this.properties = properties;
    }

    @GetMapping("/consumers/{group}/events")
    @Operation(operationId = "groupEvents", summary = "Subscribe as a member of a group", description = DESCRIPTION)
    @ApiResponse(responseCode = "200", description = "The stream", content = @Content(mediaType = "text/event-stream", schema = @Schema(implementation = EventSchemas.GroupEvent.class), examples = @ExampleObject(EXAMPLE)))
    @ApiResponse(responseCode = "400", description = "A parameter is wrong", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content)
    @ApiResponse(responseCode = "422", description = "The format, the time-out, a filter or the way to commit cannot be", content = @Content)
    @ApiResponse(responseCode = "429", description = "Too many consumers; see Retry-After", content = @Content)
    @ApiResponse(responseCode = "503", description = "Too many streams, or the group's coordinator is away; see Retry-After", content = @Content)
    void events(
            @Parameter(example = "live") @PathVariable String group,
            @Parameter(name = "topics", description = "Names, comma-separated", example = "orders") @RequestParam("topics") String names,
            @Parameter(description = "`auto` or `manual`; `auto` when absent", example = "auto") @RequestParam(required = false) @Nullable String commit,
            @Parameter(description = "Where to begin in partitions of which the group has committed nothing: `earliest` or `latest`; `latest` when absent", example = "earliest") @RequestParam(required = false) @Nullable String from,
            @Parameter(description = "How keys and values are shown: `json`, `text` or `binary` (base64)", example = "json") @RequestParam(required = false) @Nullable String format,
            @Parameter(description = StreamParameters.KEY) @RequestParam(required = false) @Nullable List<String> key,
            @Parameter(description = StreamParameters.WHERE) @RequestParam(required = false) @Nullable List<String> where,
            @Parameter(description = StreamParameters.TIMEOUT, example = "5000") @RequestParam(required = false) @Nullable Long timeout,
            HttpServletRequest request, HttpServletResponse response) throws IOException, InterruptedException {
        StreamParameters.refuseUnknown(request, PARAMETERS);
        var view = new RecordView(RecordFormat.ofLabel(format == null ? "json" : format), RecordFilter.of(request
                .getParameterMap()));
        boolean commitsItself = commitsItself(commit);
        if (timeout != null && !commitsItself) {
            throw new RefusedException(ErrorCode.INVALID_SETTING,
                    "timeout: the member is gone when the answer ends, so "
                            + "nothing could be committed with commit=manual; poll a consumer instance instead");
        }
        var wanted = new Request(group, topicNames(names), view, start(from), commitsItself, Patience.of(
                timeout, properties.maxTimeout()));
        if (request.getMethod().equals("HEAD")) {
            LiveStreams.announce(response, false);
            return;
        }
        live.serve(request, response, () -> streams.open(wanted, instance -> BaseUri.ofStream(request, group,
                instance)));
    }

    private List<String> topicNames(String names) {
        var wanted = List.copyOf(StreamRequest.topicNames(names, properties));
        wanted.forEach(topics::require);
        return wanted;
    }

    private static StartPosition.Lookup start(@Nullable String from) {
        return switch (from) {
            case "earliest" -> new StartPosition.Earliest();
            case "latest" -> new StartPosition.Latest();
            case null -> new StartPosition.Latest();
            default -> throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    "from: a group begins at earliest or latest, where it has committed nothing");
        };
    }

    private static boolean commitsItself(@Nullable String commit) {
        return switch (commit) {
            case "auto" -> true;
            case "manual" -> false;
            case null -> true;
            default -> throw new RefusedException(ErrorCode.INVALID_SETTING, "commit: is auto or manual");
        };
    }
}
