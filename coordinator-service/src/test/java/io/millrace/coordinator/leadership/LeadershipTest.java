package io.millrace.coordinator.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.coordinator.CoordinatorService;
import io.millrace.coordinator.listener.KafkaListener;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Whole coordinators beside each other. */
class LeadershipTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final List<ConfigurableApplicationContext> coordinators = new ArrayList<>();

    @AfterEach
    void stopCoordinators() {
        coordinators.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void an_orderly_stop_hands_all_leases_over_while_calls_go_on_without_a_failure() throws Exception {
        var first = start();
        awaitHolder(first, port(first));
        var second = start();
        var clients = second.getBean(ServiceClients.class);
        var stopped = new AtomicBoolean();
        var blocks = CompletableFuture.supplyAsync(() -> {
            var firsts = new HashSet<Long>();
            int calls = 0;
            while (!stopped.get() || calls < 100) {
                firsts.add(clients.producerIds().allocate().first());
                calls++;
            }
            assertThat(firsts).hasSize(calls);
            return calls;
        });

        first.close();
        awaitHolder(second, port(second));
        stopped.set(true);

        assertThat(blocks.get()).isGreaterThanOrEqualTo(100);
        assertThat(second.getBean(ClusterImages.class).current().controller().epoch()).isEqualTo(2);
    }

    @Test
    void a_second_coordinator_gets_half_of_the_shards_and_the_first_gets_them_back() {
        var first = start();
        awaitHolder(first, port(first));

        var second = start();
        await().atMost(LONG).untilAsserted(() -> {
            var leases = first.getBean(ClusterImages.class).current().leases();
            assertThat(leases).hasSize(1 + ClusterImage.GROUP_SHARDS);
            assertThat(leases.values().stream().filter(lease -> lease.baseUrl().endsWith(":" + port(second))))
                    .hasSize(ClusterImage.GROUP_SHARDS / 2);
            assertThat(leases.get(ClusterImage.CONTROLLER_LEASE).baseUrl()).endsWith(":" + port(first));
        });
        assertThat(first.getBean(ClusterImages.class).current().coordinatorNodes()).containsExactlyInAnyOrder(
                first.getBean(KafkaListener.class).address(), second.getBean(KafkaListener.class).address());
        second.close();

        awaitHolder(first, port(first));
    }

    @Test
    void a_coordinator_that_is_started_before_postgres_waits_for_it() throws Exception {
        postgres.stop();
        var starting = CompletableFuture.supplyAsync(this::start);
        await().during(Duration.ofSeconds(2)).atMost(LONG).until(() -> !starting.isDone());

        postgres.start();

        awaitHolder(starting.get(), port(starting.get()));
    }

    private void awaitHolder(ConfigurableApplicationContext observer, String port) {
        await().atMost(LONG).until(() -> {
            var leases = observer.getBean(ClusterImages.class).current().leases().values();
            return leases.size() == 1 + ClusterImage.GROUP_SHARDS && leases.stream().allMatch(it -> it.baseUrl()
                    .endsWith(":" + port));
        });
    }

    private static String port(ConfigurableApplicationContext coordinator) {
        return coordinator.getEnvironment().getRequiredProperty("local.server.port");
    }

    private ConfigurableApplicationContext start() {
        var properties = new HashMap<String, Object>(postgres.springProperties());
        properties.put("server.port", "0");
        properties.put("millrace.listener.wire.port", "0");
        properties.put("millrace.coordinator.lease-ttl", "1500ms");
        properties.put("millrace.coordinator.lease-renew-interval", "100ms");
        properties.put("millrace.coordinator.lease-margin", "150ms");
        properties.put("millrace.client.retry-timeout", "30s");
        var arguments = properties.entrySet().stream().map(it -> "--" + it.getKey() + "=" + it.getValue()).toArray(
                String[]::new);
        var coordinator = new SpringApplicationBuilder(CoordinatorService.class).registerShutdownHook(false).run(
                arguments);
        synchronized (coordinators) {
            coordinators.add(coordinator);
        }
        return coordinator;
    }
}
