package io.millrace.workbench.failover;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartitionInfo;

/** A topic with every partition on all brokers, and how it stands. */
record Topic(String bootstrapServers, String name, int partitions) {
    private static final int MIN_IN_SYNC = 2;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration IN_SYNC_TIMEOUT = Duration.ofSeconds(180);
    private static final Duration CHECK_INTERVAL = Duration.ofMillis(50);

    /** A call of an admin client that answers something. */
    @FunctionalInterface
    private interface Call<T> {
        T on(Admin admin) throws ExecutionException, TimeoutException, InterruptedException;
    }

    static Topic create(Cluster cluster, String name, int partitions) throws IOException, InterruptedException {
        Topic topic = new Topic(cluster.bootstrapServers(), name, partitions);
        topic.call(admin -> admin.createTopics(List.of(new NewTopic(name, partitions, (short) Cluster.BROKERS)
                .configs(Map.of("min.insync.replicas", Integer.toString(MIN_IN_SYNC))))).all()
                .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
        topic.awaitAllInSync();
        return topic;
    }

    void delete() throws IOException, InterruptedException {
        call(admin -> admin.deleteTopics(List.of(name)).all().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
    }

    /** Who leads a partition. */
    int leader(int partition) throws IOException, InterruptedException {
        return call(this::describe).get(partition).leader().id();
    }

    /** Waits until every partition has a leader and all its replicas in sync. */
    void awaitAllInSync() throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        while (!areAllInSync()) {
            if (System.nanoTime() - startedNanos > IN_SYNC_TIMEOUT.toNanos()) {
                throw new IOException("not all replicas of " + name + " are in sync within " + IN_SYNC_TIMEOUT
                        .toSeconds() + " s");
            }
            TimeUnit.NANOSECONDS.sleep(CHECK_INTERVAL.toNanos());
        }
    }

    private boolean areAllInSync() throws InterruptedException {
        try {
            return call(this::describe).stream()
                    .allMatch(partition -> partition.leader() != null && !partition.leader().isEmpty()
                            && partition.isr().size() == Cluster.BROKERS);
        } catch (IOException e) {
            return false; // not known to all brokers yet, or asked the one that is down
        }
    }

    private List<TopicPartitionInfo> describe(Admin admin)
            throws ExecutionException, TimeoutException, InterruptedException {
        return admin.describeTopics(List.of(name)).allTopicNames().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS).get(name)
                .partitions();
    }

    private <T> T call(Call<T> call) throws IOException, InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            return call.on(admin);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("topic " + name + " on " + bootstrapServers, e);
        }
    }
}
