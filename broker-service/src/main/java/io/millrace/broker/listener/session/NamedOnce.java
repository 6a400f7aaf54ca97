package io.millrace.broker.listener.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;

/** The partitions of a fetch, each once: where one is named again, what is said last counts, as in Kafka. Pure. */
final class NamedOnce {
    private NamedOnce() {}

    /** The same where each is named once, as is the rule. */
    static List<FetchTopic> of(List<FetchTopic> topics) {
        Set<FetchSession.Key> seen = new HashSet<>();
        for (FetchTopic topic : topics) {
            for (FetchPartition wanted : topic.partitions()) {
                if (!seen.add(FetchSession.Key.of(topic, wanted.partition()))) {
                    return merged(topics);
                }
            }
        }
        return topics;
    }

    private static List<FetchTopic> merged(List<FetchTopic> topics) {
        Map<FetchSession.Key, FetchPartition> last = new LinkedHashMap<>();
        for (FetchTopic topic : topics) {
            topic.partitions().forEach(wanted -> last.put(FetchSession.Key.of(topic, wanted.partition()), wanted));
        }
        return byTopic(last);
    }

    /** Neighbours of one topic together; a topic may come several times. */
    private static List<FetchTopic> byTopic(Map<FetchSession.Key, FetchPartition> partitions) {
        List<FetchTopic> topics = new ArrayList<>();
        partitions.forEach((key, wanted) -> {
            FetchTopic topic = topics.isEmpty() ? null : topics.getLast();
            if (topic == null || !key.topicId().equals(topic.topicId()) || !key.topic().equals(topic.topic())) {
                topic = new FetchTopic().setTopicId(key.topicId()).setTopic(key.topic());
                topics.add(topic);
            }
            topic.partitions().add(wanted);
        });
        return topics;
    }
}
