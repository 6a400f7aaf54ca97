package io.millrace.gateway.consumers;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.answers.AnswerMemory;
import io.millrace.gateway.consumers.Bodies.CreateConsumer;
import io.millrace.gateway.consumers.Bodies.CreatedConsumer;
import io.millrace.gateway.consumers.Bodies.Partitions;
import io.millrace.gateway.consumers.Bodies.Subscribe;
import io.millrace.gateway.consumers.Bodies.Subscribed;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ClientConnection;
import io.millrace.gateway.records.RecordFormat;
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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Consumer instances: created, subscribed, polled and ended. Their state is the coordinator's, so any gateway takes any call. */
@RestController
@RequestMapping("/consumers/{group}")
@Tag(name = ApiText.CONSUMERS)
class ConsumersController {
    private static final String RECORDS = """
            [{"topic":"orders","partition":0,"offset":0,"timestamp":1767225600000,"key":"customer-17",\
            "value":{"order":1,"total":99.95}}]""";

    private final ServiceClients services;
    private final Polls polls;
    private final AnswerMemory answers;

    ConsumersController(ServiceClients services, Polls polls, AnswerMemory answers) {
        this.answers = answers;
        this.services = services;
        this.polls = polls;
    }

    @PostMapping
    @Operation(operationId = "createConsumer", summary = "Create a consumer instance", description = "It lives until it is deleted or has not been called for some "
            + "minutes. `format` is how it will show records; without one it is `binary`.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = CreateConsumer.class), examples = {
            @ExampleObject(name = "from the beginning, committing by hand", value = "{\"name\":\"c1\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"enable.auto.commit\":false}"),
            @ExampleObject(name = "from the beginning, committed at the next poll", value = "{\"name\":\"c1\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\"}")}))
    @ApiResponse(responseCode = "200", description = "Created")
    @ApiResponse(responseCode = "409", description = "The group has an instance of this name", content = @Content)
    @ApiResponse(responseCode = "422", description = "A setting is not allowed", content = @Content)
    CreatedConsumer create(
            @Parameter(example = "shipping") @PathVariable String group,
            @RequestBody(required = false) @Nullable CreateConsumer body,
            HttpServletRequest request) {
        var settings = body == null ? CreateConsumer.DEFAULTS : body;
        var created = services.instances(group).create(group, new CreateInstance(settings.name(),
                settings.format() == null ? RecordFormat.BINARY.label() : settings.format(), settings.autoOffsetReset(),
                settings.enableAutoCommit(), settings.fetchMinBytes(), settings.requestTimeoutMs(), settings
                        .isolationLevel(),
                settings.sessionTimeoutMs()));
        return new CreatedConsumer(created.instanceId(), BaseUri.of(request, group, created.instanceId()));
    }

    @DeleteMapping("/instances/{instance}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "deleteConsumer", summary = "Delete a consumer instance", description = "It leaves the group, and with auto-commit what it has got is "
            + "committed.")
    @ApiResponse(responseCode = "204", description = "Deleted")
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    void delete(@Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance) {
        services.instances(group).delete(group, instance, false);
    }

    @PostMapping("/instances/{instance}/subscription")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "subscribe", summary = "Subscribe to topics, or to those that match a pattern", description = "Replaces an earlier subscription.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Subscribe.class), examples = {
            @ExampleObject(name = "topics", value = "{\"topics\":[\"orders\"]}"),
            @ExampleObject(name = "pattern", value = "{\"topic_pattern\":\"orders.*\"}")}))
    @ApiResponse(responseCode = "204", description = "Subscribed")
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    @ApiResponse(responseCode = "409", description = "Topics and a pattern at once, or partitions are assigned by hand", content = @Content)
    @ApiResponse(responseCode = "422", description = "Neither topics nor a pattern", content = @Content)
    void subscribe(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody Subscribe body) {
        if (body.topics() == null && body.topicPattern() == null) {
            throw new RefusedException(ErrorCode.INVALID_SETTING,
                    "topics: a list of topics or a topic_pattern is needed");
        }
        if (body.topics() != null && body.topicPattern() != null) {
            throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT, "topics and topic_pattern exclude each other");
        }
        List<String> names = body.topics() == null ? List.of()
                : Fields.list("topics", body.topics(), (_, topic) -> topic);
        services.instances(group).subscribe(group, instance, new Subscription(names, body.topicPattern()));
    }

    @GetMapping("/instances/{instance}/subscription")
    @Operation(operationId = "listSubscriptions", summary = "What the instance reads", description = "The topics subscribed to, and the partitions that are its own now.")
    @ApiResponse(responseCode = "200", description = "Topics and partitions")
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    Subscribed subscription(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance) {
        var described = services.instances(group).describe(group, instance);
        var byTopic = new TreeMap<String, List<Integer>>();
        described.partitions().stream().sorted()
                .forEach(each -> byTopic.merge(each.topic(), List.of(each.partition()),
                        (known, more) -> Stream.concat(known.stream(), more.stream()).toList()));
        var topics = new TreeSet<>(described.topics());
        topics.addAll(byTopic.keySet());
        return new Subscribed(List.copyOf(topics),
                byTopic.entrySet().stream().map(entry -> Map.of(entry.getKey(), entry.getValue())).toList());
    }

    @DeleteMapping("/instances/{instance}/subscription")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "unsubscribe", summary = "Unsubscribe from everything", description = "It gives up its partitions, which go to the group's other members.")
    @ApiResponse(responseCode = "204", description = "Unsubscribed")
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    void unsubscribe(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance) {
        services.instances(group).subscribe(group, instance, new Subscription(List.of(), null));
    }

    @PostMapping("/instances/{instance}/assignments")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "assign", summary = "Assign partitions by hand", description = "Instead of a subscription, which must have been "
            + "deleted: no other member is considered.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Partitions.class), examples = {
            @ExampleObject(name = "all three", value = "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0},{\"topic\":\"orders\",\"partition\":1},{\"topic\":\"orders\",\"partition\":2}]}")}))
    @ApiResponse(responseCode = "204", description = "Assigned")
    @ApiResponse(responseCode = "404", description = "No such instance, topic or partition", content = @Content)
    @ApiResponse(responseCode = "409", description = "The instance is subscribed", content = @Content)
    void assign(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody Partitions body) {
        InstancesApi instances = services.instances(group);
        instances.assign(group, instance, new Assignment(body.required()));
    }

    @GetMapping("/instances/{instance}/records")
    @Operation(summary = "Poll", description = "Records from all the instance's partitions, as soon as there are any. A poll tells that the "
            + "records of the poll before have arrived, if their answer went out; sent again with the same `poll_id`, it answers with the same records again.")
    @ApiResponse(responseCode = "200", description = "Records, none when the time is over", content = {
            @Content(mediaType = ApiText.RECORDS_JSON, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class)), examples = @ExampleObject(RECORDS)),
            @Content(mediaType = ApiText.RECORDS_TEXT, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class))),
            @Content(mediaType = ApiText.RECORDS_BINARY, array = @ArraySchema(schema = @Schema(implementation = RecordSchema.class)))})
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    @ApiResponse(responseCode = "406", description = "The instance has another format than the one accepted, or a record is not JSON", content = @Content)
    @ApiResponse(responseCode = "409", description = "Another poll has taken over, or the partitions went to another member", content = @Content)
    @ApiResponse(responseCode = "422", description = "A parameter is out of its range", content = @Content)
    @ApiResponse(responseCode = "503", description = "The group's coordinator is away, or there is no memory for the answer; try again after `Retry-After`", content = @Content)
    void records(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @Parameter(description = "Longest wait in milliseconds", example = "1000") @RequestParam(required = false) @Nullable Integer timeout,
            @Parameter(name = "max_bytes", description = "Size of the records as stored, less while the gateway is short of memory; one record is given though it be larger") @RequestParam(name = "max_bytes", required = false) @Nullable Integer maxBytes,
            @Parameter(name = "poll_id", description = "A name for this poll, to repeat it when its answer was lost") @RequestParam(name = "poll_id", required = false) @Nullable String pollId,
            @Parameter(hidden = true) @RequestHeader(name = "Accept", required = false) @Nullable String accept,
            HttpServletRequest servletRequest, HttpServletResponse response) throws IOException, InterruptedException {
        if (servletRequest.getMethod().equals("HEAD")) {
            // Records that nobody gets to see would count as given out.
            announce(group, instance, response);
            return;
        }
        var client = ClientConnection.of(servletRequest);
        var request = new Polls.Request(group, instance, timeout, maxBytes, pollId == null || pollId.isBlank()
                ? null
                : pollId, RecordFormat.named(accept));
        try (var share = answers.open()) {
            give(request, polls.poll(request, share, client::hasLeft), client, response);
        } catch (ClientLeftException _) {
            client.drop();
        }
    }

    private void give(Polls.Request request, Polls.Answer answer, ClientConnection client, HttpServletResponse response)
            throws ClientLeftException, IOException {
        boolean whole = false;
        try {
            if (client.hasLeft()) {
                throw new ClientLeftException();
            }
            var body = answer.batch().body();
            response.setContentType(answer.format().mediaType());
            response.setContentLengthLong(body.sizeBytes());
            body.sendTo(response.getOutputStream());
            response.flushBuffer();
            // Over HTTP/2 an answer is whole only with the end of its stream.
            response.getOutputStream().close();
            whole = true;
        } finally {
            polls.answered(request, answer, whole);
        }
    }

    private void announce(String group, String instance, HttpServletResponse response) {
        var described = services.instances(group).describe(group, instance);
        response.setContentType(RecordFormat.ofLabel(described.settings().format()).mediaType());
    }
}
