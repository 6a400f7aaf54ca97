package io.millrace.coordinator.group;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The topics there are at one moment, by name and by id. */
public final class Topics {
    public static final Topics NONE = of(List.of());

    private final SortedMap<String, Topic> byName;
    private final Map<UUID, Topic> byId;

    private Topics(SortedMap<String, Topic> byName, Map<UUID, Topic> byId) {
        this.byName = byName;
        this.byId = byId;
    }

    public static Topics of(Collection<Topic> topics) {
        var byName = new TreeMap<String, Topic>();
        topics.forEach(topic -> byName.put(topic.name(), topic));
        return new Topics(byName, topics.stream().collect(Collectors.toUnmodifiableMap(Topic::id, Function
                .identity())));
    }

    public @Nullable Topic named(String name) {
        return byName.get(name);
    }

    public @Nullable Topic withId(UUID id) {
        return byId.get(id);
    }

    /** Those that the subscription takes in, by name. Only a pattern looks through all topics. */
    SortedMap<String, Topic> coveredBy(Subscription subscription) {
        var covered = new TreeMap<String, Topic>();
        if (subscription.pattern() != null) {
            byName.values().stream().filter(subscription::covers).forEach(topic -> covered.put(topic.name(), topic));
            return covered;
        }
        for (String name : subscription.topics()) {
            Topic topic = byName.get(name);
            if (topic != null) {
                covered.put(name, topic);
            }
        }
        return covered;
    }

    /** All of them, ordered by name. */
    public Collection<Topic> all() {
        return Collections.unmodifiableCollection(byName.values());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Topics topics && byName.equals(topics.byName);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(byName);
    }
}
