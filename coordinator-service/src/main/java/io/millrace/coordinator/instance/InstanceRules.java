package io.millrace.coordinator.instance;

import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Settings;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.TopicPattern;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.runtime.GroupSettings;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a client may ask for: fills in defaults and refuses the rest, naming the field as the HTTP API does. */
final class InstanceRules {
    private static final int MAX_NAME_LENGTH = 249;
    private static final int MAX_FETCH_MIN_BYTES = 50 * 1024 * 1024;
    private static final int DEFAULT_REQUEST_TIMEOUT_MS = 1_000;

    private final ConsumerSettings consumers;
    private final GroupSettings groups;

    InstanceRules(ConsumerSettings consumers, GroupSettings groups) {
        this.consumers = consumers;
        this.groups = groups;
    }

    void checkName(String field, String name) {
        boolean clean = name.chars().noneMatch(c -> Character.isISOControl(c));
        if (name.isBlank() || name.length() > MAX_NAME_LENGTH || !clean) {
            throw invalid("%s must have 1 to %d characters, none of them a control character".formatted(field,
                    MAX_NAME_LENGTH));
        }
        if (name.equals(".") || name.equals("..") || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
            throw invalid("%s is part of an address, which has no place for '%s'".formatted(field, name));
        }
    }

    Settings settings(CreateInstance request) {
        return new Settings(oneOf("format", request.format(), "json", Set.of("json", "binary", "text")),
                oneOf("auto.offset.reset", request.autoOffsetReset(), "latest", Set.of("earliest", "latest", "none")),
                request.enableAutoCommit() == null || request.enableAutoCommit(),
                within("fetch.min.bytes", request.fetchMinBytes(), 1, 0, MAX_FETCH_MIN_BYTES),
                within("consumer.request.timeout.ms", request.requestTimeoutMs(), DEFAULT_REQUEST_TIMEOUT_MS, 0,
                        consumers.maxRequestTimeout().toMillis()),
                oneOf("isolation.level", request.isolationLevel(), "read_uncommitted",
                        Set.of("read_uncommitted", "read_committed")),
                within("session.timeout.ms", request.sessionTimeoutMs(), Math.toIntExact(consumers.sessionTimeout()
                        .toMillis()),
                        groups.minSessionTimeout().toMillis(), groups.maxSessionTimeout().toMillis()));
    }

    void check(Subscription subscription) {
        String pattern = subscription.pattern();
        if (pattern != null && !subscription.topics().isEmpty()) {
            throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT,
                    "subscribe either to topics or to a topic_pattern");
        }
        if (subscription.topics().size() > groups.maxSubscribedTopics()) {
            throw invalid("a subscription names at most %d topics, not %d".formatted(groups.maxSubscribedTopics(),
                    subscription.topics().size()));
        }
        for (String topic : subscription.topics()) {
            if (!org.apache.kafka.common.internals.Topic.isValid(topic)) {
                throw new RefusedException(ErrorCode.INVALID_TOPIC_NAME,
                        "topics: '%s' cannot be the name of a topic".formatted(topic));
            }
        }
        if (pattern != null) {
            checkPattern(pattern);
        }
    }

    private void checkPattern(String pattern) {
        if (pattern.isEmpty() || pattern.length() > groups.maxPatternLength()) {
            throw invalid("topic_pattern must have 1 to %d characters, not %d".formatted(groups.maxPatternLength(),
                    pattern.length()));
        }
        // PostgreSQL has no text with it.
        if (pattern.indexOf('\0') >= 0) {
            throw invalid("topic_pattern must not contain a NUL character");
        }
        try {
            TopicPattern.of(pattern);
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
    }

    void check(Assignment assignment, Topics topics) {
        if (assignment.partitions().size() > consumers.maxAssignedByHand()) {
            throw invalid("at most %d partitions can be assigned, not %d".formatted(consumers.maxAssignedByHand(),
                    assignment.partitions().size()));
        }
        var seen = new HashSet<TopicPartition>();
        for (TopicPartition partition : assignment.partitions()) {
            Topic topic = topics.named(partition.topic());
            if (topic == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + partition.topic() + "'");
            }
            if (partition.partition() < 0 || partition.partition() >= topic.partitionCount()) {
                throw new RefusedException(ErrorCode.UNKNOWN_PARTITION, "topic '%s' has partitions 0 to %d, not %d"
                        .formatted(topic.name(), topic.partitionCount() - 1, partition.partition()));
            }
            if (!seen.add(partition)) {
                throw invalid("partition %s is named twice".formatted(partition));
            }
        }
    }

    private static String oneOf(String field, @Nullable String value, String absent, Set<String> allowed) {
        if (value == null) {
            return absent;
        }
        if (!allowed.contains(value)) {
            throw invalid("%s must be one of %s, not '%s'".formatted(field, allowed.stream().sorted().toList(), value));
        }
        return value;
    }

    private static int within(String field, @Nullable Integer value, int absent, long least, long most) {
        if (value == null) {
            return absent;
        }
        if (value < least || value > most) {
            throw invalid("%s must be between %d and %d, not %d".formatted(field, least, most, value));
        }
        return value;
    }

    private static RefusedException invalid(String message) {
        return new RefusedException(ErrorCode.INVALID_SETTING, message);
    }
}
