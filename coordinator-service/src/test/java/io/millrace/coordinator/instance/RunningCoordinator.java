package io.millrace.coordinator.instance;

import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.group.runtime.MonotonicClock;
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
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Groups and HTTP consumers as a service of their own, on a real database, with topics, offsets and a clock of the test's.
 * One for all tests of this JVM; each uses groups of its own.
 */
final class RunningCoordinator {
    /** Lock of the tests that use the {@linkplain #shared() shared} one. */
    static final String ALONE = "the running coordinator";

    private static final class Shared {
        static final RunningCoordinator COORDINATOR = new RunningCoordinator();
    }

    final AtomicLong clockMs = new AtomicLong();
    final TestPostgres postgres = TestPostgres.create();
    final FakeOffsets offsets = new FakeOffsets(postgres.direct());
    private final FixedImages images = new FixedImages();
    private final AtomicLong epochs = new AtomicLong();
    private final ServletWebServerApplicationContext context;

    @SpringBootConfiguration
    @EnableAutoConfiguration
    @ComponentScan({"io.millrace.coordinator.group", "io.millrace.coordinator.instance"})
    static class Configuration {}

    private record HeldLease(long epoch) implements ShardLease {
        @Override
        public boolean isHeld() {
            return true;
        }
    }

    private RunningCoordinator() {
        images.topic("orders", 4);
        images.topic("returns", 2);
        var arguments = new ArrayList<>(List.of("--server.port=0", "--server.address=127.0.0.1",
                // The whole service has more to report on than this part of it.
                "--management.endpoint.health.validate-group-membership=false"));
        postgres.springProperties().forEach((name, value) -> arguments.add("--" + name + "=" + value));
        var application = new SpringApplication(Configuration.class);
        application.addInitializers(starting -> {
            var beans = (GenericApplicationContext) starting;
            beans.registerBean(FixedImages.class, () -> images);
            beans.registerBean(FakeOffsets.class, () -> offsets);
            beans.registerBean("testClock", MonotonicClock.class, () -> clockMs::get,
                    definition -> definition.setPrimary(true));
        });
        context = (ServletWebServerApplicationContext) application.run(arguments.toArray(String[]::new));
        takeOverAll();
    }

    /** Its tests change its clock, its terms and whether its neighbours are there: one class at a time, by {@link #ALONE}. */
    static RunningCoordinator shared() {
        return Shared.COORDINATOR;
    }

    /** Begins a new term of every shard. */
    void takeOverAll() {
        long epoch = epochs.incrementAndGet();
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            context.getBean(Shards.class).takeOver(shard, new HeldLease(epoch));
        }
    }

    /** Leaves every shard in order; the next term is another coordinator's. */
    void leaveAll() {
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            context.getBean(Shards.class).leave(shard);
            context.getBean(Shards.class).release(shard);
        }
        othersHadTheShards();
    }

    /** A term of another coordinator's. */
    void othersHadTheShards() {
        epochs.incrementAndGet();
    }

    void topic(String name, int partitions) {
        images.topic(name, partitions);
    }

    void deleteTopic(String name) {
        images.delete(name);
    }

    /** Calls over HTTP, as a gateway does. */
    <T> T client(Class<T> api) {
        var mapper = JsonMapper.builder().build();
        RestClient client = RestClient.builder().baseUrl("http://127.0.0.1:" + context.getWebServer().getPort())
                .defaultStatusHandler(HttpStatusCode::isError, (_, answer) -> {
                    ErrorBody body = mapper.readValue(answer.getBody(), ErrorBody.class);
                    throw new RefusedException(body.code(), body.message());
                }).build();
        return HttpServiceProxyFactory.builderFor(RestClientAdapter.create(client)).build().createClient(api);
    }
}
