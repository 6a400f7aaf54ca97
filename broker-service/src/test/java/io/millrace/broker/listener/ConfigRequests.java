package io.millrace.broker.listener;

import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigResource.Type;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopicCollection;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** A request of each kind that is about settings or partitions, with as much in it as its version takes. */
final class ConfigRequests {
    private ConfigRequests() {}

    static ApiMessage of(ApiKeys key, short version, String topic, String missing) {
        return switch (key) {
            case CREATE_PARTITIONS -> createPartitions(version, topic, missing);
            case DESCRIBE_CONFIGS -> new DescribeConfigsRequestData().setIncludeSynonyms(true).setIncludeDocumentation(
                    version >= 3).setResources(Stream.of(topic, missing).map(name -> new DescribeConfigsResource()
                            .setResourceType(Type.TOPIC.id()).setResourceName(name).setConfigurationKeys(null))
                            .toList());
            case ALTER_CONFIGS -> alter(topic, missing);
            case INCREMENTAL_ALTER_CONFIGS -> incremental(topic, missing);
            case LIST_CONFIG_RESOURCES -> new ListConfigResourcesRequestData().setResourceTypes(version == 0 ? List.of()
                    : List.of(Type.TOPIC.id(), Type.BROKER.id()));
            default -> throw new IllegalArgumentException("no request is made for " + key);
        };
    }

    private static ApiMessage createPartitions(short version, String topic, String missing) {
        var topics = new CreatePartitionsTopicCollection();
        topics.add(new CreatePartitionsTopic().setName(topic).setCount(2 + version).setAssignments(null));
        topics.add(new CreatePartitionsTopic().setName(missing).setCount(2).setAssignments(null));
        return new CreatePartitionsRequestData().setTimeoutMs(1_000).setTopics(topics);
    }

    private static ApiMessage alter(String topic, String missing) {
        var resources = new AlterConfigsRequestData.AlterConfigsResourceCollection();
        for (String name : List.of(topic, missing)) {
            var configs = new AlterConfigsRequestData.AlterableConfigCollection();
            configs.add(new AlterConfigsRequestData.AlterableConfig().setName("retention.ms").setValue("7"));
            resources.add(new AlterConfigsRequestData.AlterConfigsResource().setResourceType(Type.TOPIC.id())
                    .setResourceName(name).setConfigs(configs));
        }
        return new AlterConfigsRequestData().setResources(resources);
    }

    private static ApiMessage incremental(String topic, String missing) {
        var resources = new IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection();
        for (String name : List.of(topic, missing)) {
            var configs = new IncrementalAlterConfigsRequestData.AlterableConfigCollection();
            configs.add(new IncrementalAlterConfigsRequestData.AlterableConfig().setName("retention.ms").setValue("7"));
            resources.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType(Type.TOPIC.id())
                    .setResourceName(name).setConfigs(configs));
        }
        return new IncrementalAlterConfigsRequestData().setResources(resources);
    }
}
