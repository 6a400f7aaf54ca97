package io.millrace.broker.listener;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.TopicImage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.jspecify.annotations.Nullable;

/** The topics that a DeleteTopics request names, by name or by id, each once: of one that is named twice nothing is deleted. Pure. */
final class NamedTopics {
    private static final String BOTH = "a topic is deleted by its name or by its id, not by both";
    private static final String NEITHER = "neither the name nor the id of a topic is given";

    /** Of each topic that the request names by name or id; a second one under another of the two comes to the first. */
    private final Map<Object, Named> named = new LinkedHashMap<>();
    private final List<Named> all = new ArrayList<>();

    private NamedTopics() {}

    /**
     * @param name  null where it is named by its id alone
     * @param fault why it is not to be deleted; null: it is
     */
    record Named(@Nullable String name, Uuid topicId, @Nullable String fault) {}

    static List<Named> of(List<DeleteTopicState> asked, ClusterImage image) {
        Set<Uuid> ids = new HashSet<>();
        for (DeleteTopicState each : asked) {
            if (each.name() == null) {
                ids.add(each.topicId());
            }
        }
        var topics = new NamedTopics();
        asked.forEach(each -> topics.add(each, ids, image));
        topics.all.addAll(topics.named.values());
        return topics.all;
    }

    private void add(DeleteTopicState each, Set<Uuid> ids, ClusterImage image) {
        String name = each.name();
        boolean byId = !Uuid.ZERO_UUID.equals(each.topicId());
        if (byId == (name != null)) {
            all.add(new Named(name, each.topicId(), byId ? BOTH : NEITHER));
            return;
        }
        TopicImage known = name == null ? null : image.topic(name);
        if (known != null && ids.contains(known.id())) {
            named.put(known.id(), new Named(name, known.id(), TopicsHandler.NAMED_TWICE));
        } else {
            named.merge(name == null ? each.topicId() : name, new Named(name, each.topicId(), null), (first,
                    second) -> new Named(first.name, first.topicId, TopicsHandler.NAMED_TWICE));
        }
    }
}
