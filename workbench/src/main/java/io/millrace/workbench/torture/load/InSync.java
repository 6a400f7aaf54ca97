package io.millrace.workbench.torture.load;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;

/** Waits until every partition has all its replicas, in sync. */
public final class InSync {
    private static final Duration INTERVAL = Duration.ofMillis(200);
    private static final int ADMIN_TIMEOUT_SECONDS = 10;

    private InSync() {}

    /** Replicas that stay out of sync though nothing befalls them are a broken promise. */
    public static void await(String bootstrapServers, Recorder recorder, Duration timeout)
            throws InterruptedException {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            List<String> missing = List.of("unknown");
            while (!missing.isEmpty() && System.nanoTime() - deadlineNanos < 0) {
                TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
                missing = missing(admin);
            }
            if (!missing.isEmpty()) {
                recorder.broken("not in sync again " + timeout.toSeconds() + " s after the last fault: " + missing);
            }
        }
    }

    private static List<String> missing(Admin admin) throws InterruptedException {
        try {
            return admin.describeTopics(Topics.ALL).allTopicNames().get(ADMIN_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .values().stream().flatMap(topic -> missing(topic).stream()).toList();
        } catch (ExecutionException | TimeoutException e) {
            return List.of(e.toString());
        }
    }

    private static List<String> missing(TopicDescription topic) {
        return topic.partitions().stream().filter(partition -> partition.isr().size() != Topics.REPLICATION_FACTOR
                || partition.replicas().size() != Topics.REPLICATION_FACTOR)
                .map(partition -> topic.name() + "-" + partition.partition() + " has " + partition.isr().size() + " of "
                        + partition.replicas().size())
                .toList();
    }
}
