package io.millrace.common.listener;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.api.TopicsApi.AlterConfigs;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.ConfigChange.Operation;
import io.millrace.common.wire.InboundRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterConfigsRequest;
import org.apache.kafka.common.requests.AlterConfigsResponse;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.IncrementalAlterConfigsRequest;
import org.apache.kafka.common.requests.IncrementalAlterConfigsResponse;
import org.jspecify.annotations.Nullable;

/**
 * Changes the settings of topics at the controller, each topic's all or none, and answers when this node's image shows it. Those of brokers
 * are refused by name: they are set as a broker starts.
 */
public final class AlterConfigsHandler {
    /** Kafka's tools take these off brokers when a reassignment is done, without asking whether they are set; they never are. */
    private static final Set<String> BROKER_THROTTLES = Set.of("leader.replication.throttled.rate",
            "follower.replication.throttled.rate", "replica.alter.log.dirs.io.max.bytes.per.second");

    private static final ApiError LATE = new ApiError(Errors.REQUEST_TIMED_OUT,
            "the time was up before it was this one's turn; nothing was changed");

    private final TopicsApi topics;
    private final ControllerCalls calls;
    private final NodeConfigs node;

    public AlterConfigsHandler(TopicsApi topics, ControllerCalls calls, NodeConfigs node) {
        this.topics = topics;
        this.calls = calls;
        this.node = node;
    }

    /** What is asked of one topic or broker. */
    private record Asked(byte type, String name, List<Change> changes) {}

    /** As it was sent: any number may stand for the operation. */
    private record Change(String name, int operation, @Nullable String value) {}

    public void handleIncremental(InboundRequest request) {
        IncrementalAlterConfigsRequestData wanted = ((IncrementalAlterConfigsRequest) request.body()).data();
        List<Asked> asked = new ArrayList<>();
        wanted.resources().forEach(resource -> asked.add(new Asked(resource.resourceType(), resource.resourceName(),
                resource.configs().stream().map(config -> new Change(config.name(), config.configOperation(), config
                        .value())).toList())));
        calls.run(request, () -> {
            IncrementalAlterConfigsResponseData response = new IncrementalAlterConfigsResponseData();
            alter(request, asked, false, wanted.validateOnly()).forEach((resource, error) -> response.responses().add(
                    new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse().setResourceType(resource
                            .type()).setResourceName(resource.name()).setErrorCode(error.error().code())
                            .setErrorMessage(error.message())));
            request.respond(new IncrementalAlterConfigsResponse(response));
        });
    }

    public void handleReplacing(InboundRequest request) {
        AlterConfigsRequestData wanted = ((AlterConfigsRequest) request.body()).data();
        List<Asked> asked = new ArrayList<>();
        wanted.resources().forEach(resource -> asked.add(new Asked(resource.resourceType(), resource.resourceName(),
                resource.configs().stream().map(config -> new Change(config.name(), Operation.SET.ordinal(), config
                        .value())).toList())));
        calls.run(request, () -> {
            AlterConfigsResponseData response = new AlterConfigsResponseData();
            alter(request, asked, true, wanted.validateOnly()).forEach((resource, error) -> response.responses().add(
                    new AlterConfigsResponseData.AlterConfigsResourceResponse().setResourceType(resource.type())
                            .setResourceName(resource.name()).setErrorCode(error.error().code()).setErrorMessage(error
                                    .message())));
            request.respond(new AlterConfigsResponse(response));
        });
    }

    private record Resource(byte type, String name) {}

    private Map<Resource, ApiError> alter(InboundRequest request, List<Asked> asked, boolean replace,
            boolean validateOnly) {
        Map<Resource, ApiError> errors = new LinkedHashMap<>();
        Set<Resource> repeated = new HashSet<>();
        Set<Resource> named = new HashSet<>();
        asked.forEach(each -> {
            Resource resource = new Resource(each.type, each.name);
            if (!named.add(resource)) {
                repeated.add(resource);
            }
        });
        long deadlineNanos = calls.deadlineNanos();
        long version = ControllerCalls.NO_VERSION;
        for (Asked each : asked) {
            Resource resource = new Resource(each.type, each.name);
            if (repeated.contains(resource)) {
                errors.put(resource, new ApiError(Errors.INVALID_REQUEST, "it is named twice in the request"));
            } else if (!calls.isTimeFor(request, deadlineNanos)) {
                errors.put(resource, LATE);
            } else {
                try {
                    version = Math.max(version, calls.untilThereIsOne(deadlineNanos, () -> alter(each, replace,
                            validateOnly)));
                    errors.put(resource, ApiError.NONE);
                } catch (RuntimeException e) {
                    errors.put(resource, ControllerCalls.errorOf(e));
                }
            }
        }
        calls.awaitImage(version);
        return errors;
    }

    private long alter(Asked asked, boolean replace, boolean validateOnly) {
        return switch (ConfigResource.Type.forId(asked.type)) {
            case TOPIC -> {
                requirePossible(asked.name);
                yield topics.alter(asked.name, new AlterConfigs(changes(asked.changes), replace, validateOnly))
                        .version();
            }
            case BROKER -> {
                refuseBrokerChanges(asked);
                yield ControllerCalls.NO_VERSION;
            }
            case BROKER_LOGGER, CLIENT_METRICS, GROUP, UNKNOWN -> throw refused(
                    "only the settings of topics can be changed, not those of resources of type " + asked.type);
        };
    }

    /** The name becomes a part of a path, in which others could lead elsewhere. */
    private static void requirePossible(String name) {
        try {
            Topic.validate(name);
        } catch (InvalidTopicException e) {
            throw new RefusedException(ErrorCode.INVALID_TOPIC_NAME, e.getMessage());
        }
    }

    private static List<ConfigChange> changes(List<Change> sent) {
        List<ConfigChange> changes = new ArrayList<>();
        for (Change change : sent) {
            if (change.operation < 0 || change.operation >= Operation.values().length) {
                throw refused(change.name + ": unknown operation " + change.operation);
            }
            changes.add(new ConfigChange(change.name, Operation.values()[change.operation], change.value));
        }
        return changes;
    }

    private void refuseBrokerChanges(Asked asked) {
        for (Change change : asked.changes) {
            if (change.operation != Operation.DELETE.ordinal() || !BROKER_THROTTLES.contains(change.name)) {
                throw refused(node.refusal(change.name));
            }
        }
    }

    private static RefusedException refused(String message) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, message);
    }
}
