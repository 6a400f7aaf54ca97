package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.events.EventIds.Decoded;
import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.records.RecordFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for, checked.
 *
 * @param start    where to begin; not used when there is something to resume
 * @param resume   where an earlier stream ended, or null
 * @param patience how long the client waits
 */
record StreamRequest(Subscription subscription, RecordView view, StartPosition.Lookup start,
        Decoded.@Nullable Positions resume, Patience patience) {
    /**
     * @param topics      names, comma-separated
     * @param partitions  numbers, comma-separated, or null for all
     * @param from        see {@link StartPosition#parse}; null for latest
     * @param lastEventId null or empty for a new stream
     * @param timeoutMs   longest wait for records; null for ever
     * @param filters     of all the request's parameters, those that {@link RecordFilter} knows
     */
    record Parameters(String topics, @Nullable String partitions, @Nullable String from, @Nullable String format,
            @Nullable String lastEventId, @Nullable Long timeoutMs, Map<String, String[]> filters) {}

    /** Refused with {@code INVALID_REQUEST}, {@code INVALID_SETTING}, {@code UNKNOWN_TOPIC} or {@code UNKNOWN_PARTITION}. */
    static StreamRequest of(Parameters parameters, Topics topics, EventsProperties limits) {
        var names = topicNames(parameters.topics, limits);
        if (parameters.partitions != null && names.size() > 1) {
            throw invalid("partitions: can be chosen for a stream of one topic only");
        }
        var view = new RecordView(RecordFormat.ofLabel(parameters.format == null ? "json" : parameters.format),
                RecordFilter.of(parameters.filters));
        var start = StartPosition.parse(parameters.from == null ? "latest" : parameters.from);
        if (start == null) {
            throw invalid("from: '" + shortened(parameters.from)
                    + "' is not earliest, latest, milliseconds since 1970 or an ISO-8601 time "
                    + "with a zone, as in 2026-01-31T12:00:00Z");
        }
        var subscription = new Subscription(names.stream().map(name -> subscribe(topics.require(name),
                parameters.partitions)).toList());
        if (subscription.size() > limits.maxPartitions()) {
            throw invalid("topics: " + subscription.size() + " partitions are more than the " + limits.maxPartitions()
                    + " of one stream; choose some with partitions=");
        }
        return new StreamRequest(subscription, view, start, resume(subscription, parameters.lastEventId), Patience.of(
                parameters.timeoutMs, limits.maxTimeout()));
    }

    /** Reads names that are comma-separated, without doubles. */
    static LinkedHashSet<String> topicNames(String topics, EventsProperties limits) {
        var names = new LinkedHashSet<>(List.of(topics.split(",", -1)));
        if (names.contains("")) {
            throw invalid("topics: a list of topic names is wanted, as in topics=a,b");
        }
        if (names.size() > limits.maxTopics()) {
            throw invalid("topics: " + names.size() + " topics are more than the " + limits.maxTopics()
                    + " of one stream");
        }
        return names;
    }

    private static SubscribedTopic subscribe(TopicImage topic, @Nullable String partitions) {
        if (partitions == null) {
            return new SubscribedTopic(topic.name(), topic.id(), true, IntStream.range(0, topic.partitions().size())
                    .boxed().toList());
        }
        var chosen = new TreeSet<Integer>();
        for (var text : partitions.split(",", -1)) {
            if (!text.matches("\\d{1,9}")) {
                throw invalid("partitions: '" + shortened(text) + "' is not a partition's number");
            }
            int partition = Integer.parseInt(text);
            if (topic.partition(partition) == null) {
                throw Topics.unknownPartition(topic, partition);
            }
            chosen.add(partition);
        }
        return new SubscribedTopic(topic.name(), topic.id(), false, List.copyOf(chosen));
    }

    private static Decoded.@Nullable Positions resume(Subscription subscription, @Nullable String lastEventId) {
        if (lastEventId == null || lastEventId.isEmpty()) {
            return null;
        }
        return switch (new EventIds(subscription).decode(lastEventId)) {
            case Decoded.Positions positions -> positions;
            case Decoded.Refused(String reason) -> throw invalid("Last-Event-ID: " + reason);
        };
    }

    private static RefusedException invalid(String message) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, message);
    }

    private static String shortened(@Nullable String text) {
        return text == null ? "" : text.substring(0, Math.min(text.length(), 100));
    }
}
