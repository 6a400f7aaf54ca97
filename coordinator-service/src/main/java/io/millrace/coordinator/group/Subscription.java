package io.millrace.coordinator.group;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a member wants to read: topics by name, those a pattern matches, or both. */
public record Subscription(SortedSet<String> topics, @Nullable TopicPattern pattern) {
    public static final Subscription NONE = to(List.of());

    public Subscription {
        topics = Collections.unmodifiableSortedSet(new TreeSet<>(topics));
    }

    public static Subscription to(Collection<String> topics) {
        return new Subscription(new TreeSet<>(topics), null);
    }

    public static Subscription to(TopicPattern pattern) {
        return new Subscription(new TreeSet<>(), pattern);
    }

    public boolean covers(Topic topic) {
        return topics.contains(topic.name()) || pattern != null && pattern.matches(topic.name());
    }
}
