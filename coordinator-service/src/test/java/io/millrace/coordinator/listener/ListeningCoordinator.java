package io.millrace.coordinator.listener;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.wire.WireServer;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.ShardLease;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.support.GenericApplicationContext;

/** Groups and their Kafka listener on a real database, with topics and offsets of the test's. One for all tests of this JVM. */
final class ListeningCoordinator {
    static final String ALONE = "the listening coordinator";
    static final int MAX_MEMBERS = 3;

    private static final class Shared {
        static final ListeningCoordinator COORDINATOR = new ListeningCoordinator();
    }

    final FixedImages images = new FixedImages();
    final PlayedOffsets offsets = new PlayedOffsets(new PlayedTopics(images));
    private final AtomicLong epochs = new AtomicLong();
    private final ConfigurableApplicationContext context;

    @SpringBootConfiguration
    @EnableAutoConfiguration
    @ComponentScan({"io.millrace.coordinator.group", "io.millrace.coordinator.listener"})
    static class Configuration {}

    private record HeldLease(long epoch) implements ShardLease {
        @Override
        public boolean isHeld() {
            return true;
        }
    }

    private ListeningCoordinator() {
        images.topic("orders", 4);
        images.topic("returns", 2);
        var arguments = new ArrayList<>(List.of("--server.port=0", "--server.address=127.0.0.1",
                "--millrace.listener.wire.port=0", "--millrace.listener.heartbeat-interval=100ms",
                "--millrace.group.max-members=" + MAX_MEMBERS, "--millrace.group.classic.initial-rebalance-delay=0ms",
                // The whole service has more to report on than this part of it.
                "--management.endpoint.health.validate-group-membership=false"));
        TestPostgres.create().springProperties().forEach((name, value) -> arguments.add("--" + name + "=" + value));
        var application = new SpringApplication(Configuration.class);
        application.addInitializers(starting -> {
            var beans = (GenericApplicationContext) starting;
            beans.registerBean(FixedImages.class, () -> images);
            beans.registerBean(PlayedOffsets.class, () -> offsets);
        });
        context = application.run(arguments.toArray(String[]::new));
        images.coordinator(address());
        takeOverAll();
    }

    static ListeningCoordinator shared() {
        return Shared.COORDINATOR;
    }

    /** Begins a new term of every shard. */
    void takeOverAll() {
        long epoch = epochs.incrementAndGet();
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            context.getBean(Shards.class).takeOver(shard, new HeldLease(epoch));
        }
    }

    void releaseAll() {
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            context.getBean(Shards.class).release(shard);
        }
    }

    CoordinatorNode address() {
        return context.getBean(KafkaListener.class).address();
    }

    WireServer server() {
        return context.getBean(KafkaListener.class).server();
    }

    GroupRuntime groups() {
        return context.getBean(GroupRuntime.class);
    }

    Shards shards() {
        return context.getBean(Shards.class);
    }
}
