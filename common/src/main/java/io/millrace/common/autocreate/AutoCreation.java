package io.millrace.common.autocreate;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates topics that are asked for, with the cluster's default figures. All who ask for a name while it is being created share the one
 * creation; what the controller refuses for good is not tried again for a while, and told to those who ask.
 */
public final class AutoCreation {
    private static final Logger LOG = LoggerFactory.getLogger(AutoCreation.class);

    /** A creation, from when it begins until this node's image shows the topic, or until its refusal is forgotten. */
    private static final class Attempt {
        private final CompletableFuture<TopicImage> outcome = new CompletableFuture<>();
        /** Once it is refused for good. */
        private @Nullable RefusedException refusal;
        private long refusedNanos;
    }

    private final Supplier<TopicsApi> topics;
    private final ClusterImages images;
    private final AutoCreateSettings settings;
    /** Also the lock of what is in it. */
    private final Map<String, Attempt> attempts = new HashMap<>();

    public AutoCreation(Supplier<TopicsApi> topics, ClusterImages images, AutoCreateSettings settings) {
        this.topics = topics;
        this.images = images;
        this.settings = settings;
    }

    public boolean isEnabled() {
        return settings.enabled();
    }

    /**
     * Begins to create a topic that this node does not know, if that is to be.
     *
     * @return what Kafka's clients are told of it until it is there
     */
    public Errors begin(String name) {
        if (!Topic.isValid(name)) {
            return Errors.INVALID_TOPIC_EXCEPTION;
        }
        if (!settings.enabled()) {
            return Errors.UNKNOWN_TOPIC_OR_PARTITION;
        }
        synchronized (attempts) {
            Attempt attempt = attempt(name);
            if (attempt == null) {
                return Errors.UNKNOWN_TOPIC_OR_PARTITION;
            }
            return attempt.refusal == null ? Errors.LEADER_NOT_AVAILABLE : attempt.refusal.code().kafkaError();
        }
    }

    /**
     * Creates a topic and waits until this node knows it. Refused with {@code INVALID_TOPIC_NAME}, with what {@link TopicsApi#create} refuses,
     * with {@code QUEUE_FULL} when too many are being created, and with {@code TIMED_OUT}.
     */
    public TopicImage create(String name) throws InterruptedException {
        if (!Topic.isValid(name)) {
            throw new RefusedException(ErrorCode.INVALID_TOPIC_NAME, "a topic cannot have that name");
        }
        CompletableFuture<TopicImage> outcome;
        synchronized (attempts) {
            Attempt attempt = attempt(name);
            if (attempt == null) {
                throw new RefusedException(ErrorCode.QUEUE_FULL, "too many topics are being created; try again later");
            }
            if (attempt.refusal != null) {
                throw attempt.refusal;
            }
            outcome = attempt.outcome;
        }
        try {
            return outcome.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RefusedException refused ? refused
                    : new RefusedException(ErrorCode.INTERNAL, "the topic could not be created");
        } catch (TimeoutException _) {
            throw notSeen(name);
        }
    }

    /** Under the lock: the present one, or one that begins; null if there are too many. */
    private @Nullable Attempt attempt(String name) {
        Attempt present = attempts.get(name);
        if (present != null && !isForgotten(present)) {
            return present;
        }
        attempts.remove(name);
        if (attempts.size() >= settings.maxNames()) {
            attempts.values().removeIf(this::isForgotten);
        }
        if (attempts.size() >= settings.maxNames()) {
            return null;
        }
        Attempt begun = new Attempt();
        attempts.put(name, begun);
        Thread.ofVirtual().name("auto-create").start(() -> run(name, begun));
        return begun;
    }

    private boolean isForgotten(Attempt attempt) {
        return attempt.refusal != null && System.nanoTime() - attempt.refusedNanos >= settings.refusalRetention()
                .toNanos();
    }

    private void run(String name, Attempt attempt) {
        try {
            TopicImage topic = createAndAwait(name);
            synchronized (attempts) {
                attempts.remove(name);
            }
            attempt.outcome.complete(topic);
        } catch (RefusedException refusal) {
            LOG.info("Topic {}, which was asked for, could not be created: {}", name, refusal.getMessage());
            failed(name, attempt, refusal);
        } catch (InterruptedException | RuntimeException e) {
            LOG.error("Topic {}, which was asked for, could not be created", name, e);
            failed(name, attempt, new RefusedException(ErrorCode.INTERNAL, "the topic could not be created"));
        }
    }

    private void failed(String name, Attempt attempt, RefusedException refusal) {
        synchronized (attempts) {
            if (refusal.code().isRetriable()) {
                attempts.remove(name);
            } else {
                attempt.refusal = refusal;
                attempt.refusedNanos = System.nanoTime();
            }
        }
        attempt.outcome.completeExceptionally(refusal);
    }

    private TopicImage createAndAwait(String name) throws InterruptedException {
        TopicImage present = images.current().topic(name);
        if (present != null) {
            return present;
        }
        try {
            topics.get().create(new CreateTopic(name, null, null, null, null, false));
            LOG.info("Created topic {}, which was asked for", name);
        } catch (RefusedException refusal) {
            if (refusal.code() != ErrorCode.TOPIC_EXISTS) {
                throw refusal;
            }
        }
        long deadline = System.nanoTime() + settings.timeout().toNanos();
        while (true) {
            ClusterImage image = images.current();
            TopicImage topic = image.topic(name);
            if (topic != null) {
                return topic;
            }
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            if (!left.isPositive() || !images.awaitVersion(image.version() + 1, left)) {
                throw notSeen(name);
            }
        }
    }

    private static RefusedException notSeen(String name) {
        return new RefusedException(ErrorCode.TIMED_OUT, "topic '" + name + "' was not created in time; try again");
    }
}
