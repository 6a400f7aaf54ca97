package io.millrace.gateway.v3;

import static io.millrace.gateway.v3.V3TopicsController.required;

import io.millrace.common.api.TopicsApi.AlterConfigs;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.topics.TopicChanges;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3TopicBodies.Config;
import io.millrace.gateway.v3.V3TopicBodies.ConfigValue;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Arrays;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Settings of topics: all that there are, each set on the topic or with its default. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/topics/{topic_name}")
@Tag(name = ApiText.V3_CONFIGS)
class V3TopicConfigsController {
    private final V3Clusters clusters;
    private final Topics topics;
    private final TopicChanges changes;

    V3TopicConfigsController(V3Clusters clusters, Topics topics, TopicChanges changes) {
        this.clusters = clusters;
        this.topics = topics;
        this.changes = changes;
    }

    @GetMapping("/configs")
    @Operation(operationId = "listKafkaV3TopicConfigs", summary = "List a topic's settings", description = "All of them, with those that have their default.")
    @ApiResponse(responseCode = "200", description = "By name, also those that have their defaults")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    Listing<Config> list(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var image = topics.require(topic);
        return new Listing<>("KafkaTopicConfigList", links.list("topics", topic, "configs"), Arrays.stream(
                TopicConfigKey
                        .values()).map(key -> Config.of(image, key, links)).toList());
    }

    @GetMapping("/configs/{name}")
    @Operation(operationId = "getKafkaV3TopicConfig", summary = "Get a setting of a topic", description = "Its value, and where that comes from.")
    @ApiResponse(responseCode = "200", description = "The setting")
    @ApiResponse(responseCode = "404", description = "No such cluster or setting, or (40403) no such topic")
    Config get(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "retention.ms") @PathVariable("name") String name,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return Config.of(topics.require(topic), requireKnown(topic, name), links);
    }

    @PutMapping("/configs/{name}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "updateKafkaV3TopicConfig", summary = "Set a setting of a topic", description = "Brokers go by it within moments, without a restart. To raise "
            + "`min.insync.replicas` begins a new epoch of the partitions' leaders.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ConfigValue.class), examples = @ExampleObject(name = "two days", value = "{\"value\":\"172800000\"}")))
    @ApiResponse(responseCode = "204", description = "Set", content = @Content)
    @ApiResponse(responseCode = "400", description = "Malformed, or (40002) the value is not allowed")
    @ApiResponse(responseCode = "404", description = "No such cluster or setting, or (40403) no such topic")
    void set(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "retention.ms") @PathVariable("name") String name, @RequestBody ConfigValue body,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        clusters.require(clusterId, request);
        requireKnown(topic, name);
        changes.alter(topic, AlterConfigs.of(body.value() == null ? ConfigChange.delete(name)
                : ConfigChange.set(name, body.value())));
    }

    @DeleteMapping("/configs/{name}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "deleteKafkaV3TopicConfig", summary = "Reset a setting of a topic to its default", description = "As if it had never been set.")
    @ApiResponse(responseCode = "204", description = "Reset", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such cluster or setting, or (40403) no such topic")
    void reset(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "retention.ms") @PathVariable("name") String name,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        clusters.require(clusterId, request);
        requireKnown(topic, name);
        changes.alter(topic, AlterConfigs.of(ConfigChange.delete(name)));
    }

    @PostMapping("/configs:alter")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "updateKafkaV3TopicConfigBatch", summary = "Set and reset several settings of a topic", description = "All of them or none.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = V3TopicBodies.AlterConfigs.class), examples = {
            @ExampleObject(name = "set and reset", value = "{\"data\":[{\"name\":\"cleanup.policy\",\"operation\":\"DELETE\"},{\"name\":\"segment.bytes\",\"value\":\"104857600\"}]}"),
            @ExampleObject(name = "only to see", value = "{\"data\":[{\"name\":\"retention.ms\",\"value\":\"1000\"}],\"validate_only\":true}")}))
    @ApiResponse(responseCode = "204", description = "Altered, or it could be (`validate_only`)", content = @Content)
    @ApiResponse(responseCode = "400", description = "Malformed, or (40002) a value is not allowed")
    @ApiResponse(responseCode = "404", description = "No such cluster or setting, or (40403) no such topic")
    void alter(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @RequestBody V3TopicBodies.AlterConfigs body,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        clusters.require(clusterId, request);
        var altered = new ArrayList<ConfigChange>();
        var data = required("data", body.data());
        for (int i = 0; i < data.size(); i++) {
            String at = "data[" + i + "]";
            var change = required(at, data.get(i));
            String name = required(at + ".name", change.name());
            requireKnown(topic, name);
            switch (change.operation() == null ? "SET" : change.operation()) {
                case "SET" -> altered.add(ConfigChange.set(name, required(at + ".value", change.value())));
                case "DELETE" -> altered.add(ConfigChange.delete(name));
                default -> throw new RefusedException(ErrorCode.INVALID_REQUEST, at + ".operation: must be SET or "
                        + "DELETE, not '" + change.operation() + "'");
            }
        }
        changes.alter(topic, new AlterConfigs(altered, false, Boolean.TRUE.equals(body.validateOnly())));
    }

    private TopicConfigKey requireKnown(String topic, String name) {
        topics.require(topic);
        TopicConfigKey key = TopicConfigKey.named(name);
        if (key == null) {
            throw V3Clusters.notFound("Config " + name);
        }
        return key;
    }
}
