package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A connection as a member of a group, beside one that polls. */
@WithSteadySuite
class GroupStreamIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int PARTITIONS = 4;
    private static final int SHARED = 400;
    private static final int ALONE = 100;

    private final Gateway gateway;

    GroupStreamIT(Gateway gateway) {
        this.gateway = gateway;
    }

    @Test
    void a_stream_and_a_poller_share_a_group_and_the_poller_goes_on_where_the_stream_left() throws Exception {
        gateway.createTopic("shared-work", PARTITIONS);
        String poller = "/consumers/workers/instances/poller";
        List<Delivered> polled = new CopyOnWriteArrayList<>();
        List<Delivered> streamed = new CopyOnWriteArrayList<>();
        try (var stream = GroupSubscription.connect(gateway.uri(
                "/consumers/workers/events?topics=shared-work&from=earliest"), streamed::add).inBackground()) {
            await().atMost(TIMEOUT).until(() -> stream.events().contains("assigned"));
            gateway.join("workers", "poller", "shared-work", Duration.ofSeconds(30));
            await().atMost(TIMEOUT).until(() -> polled.addAll(gateway.poll(poller, 200, 100_000)) || stream.events()
                    .contains("revoked"));
            assertThat(stream.events().getFirst()).isEqualTo("joined");

            produce(0, SHARED);

            await().atMost(TIMEOUT).until(() -> {
                polled.addAll(gateway.poll(poller, 200, 100_000));
                return polled.size() + streamed.size() >= SHARED;
            });
            assertThat(streamed).isNotEmpty();
            assertThat(polled).isNotEmpty();
            // A connection that is broken off takes what it was given last with it, unless that is committed.
            await().atMost(TIMEOUT).until(() -> {
                polled.addAll(gateway.poll(poller, 200, 100_000));
                return gateway.lag("workers") == 0;
            });
        }
        produce(SHARED, ALONE);

        await().atMost(TIMEOUT).until(() -> {
            polled.addAll(gateway.poll(poller, 200, 100_000));
            return polled.size() + streamed.size() >= SHARED + ALONE;
        });
        assertThat(Stream.concat(polled.stream(), streamed.stream()).map(each -> each.value().get("n").asInt()))
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, SHARED + ALONE).boxed().toList());
        gateway.delete(poller).expect(204);
    }

    @Test
    void what_a_manual_stream_has_not_committed_comes_again() throws Exception {
        gateway.createTopic("careful-work", 1);
        gateway.produce("careful-work", List.of("{\"value\":{\"n\":0}}", "{\"value\":{\"n\":1}}",
                "{\"value\":{\"n\":2}}"));
        URI uri = gateway.uri("/consumers/careful/events?topics=careful-work&from=earliest&commit=manual");
        List<Delivered> first = new CopyOnWriteArrayList<>();
        try (var stream = GroupSubscription.connect(uri, first::add).inBackground()) {
            await().atMost(TIMEOUT).until(() -> first.size() == 3);

            gateway.post(stream.instancePath() + "/offsets", Gateway.METADATA,
                    "{\"offsets\":[{\"topic\":\"careful-work\",\"partition\":0,\"offset\":1}]}").expect(204);
        }

        List<Delivered> second = new CopyOnWriteArrayList<>();
        try (var _ = GroupSubscription.connect(uri, second::add).inBackground()) {
            await().atMost(TIMEOUT).until(() -> second.size() == 2);
            assertThat(second).extracting(Delivered::offset).containsExactly(1L, 2L);
        }
    }

    private void produce(int from, int count) throws IOException, InterruptedException {
        gateway.produce("shared-work", IntStream.range(from, from + count).mapToObj(n -> "{\"partition\":" + n
                % PARTITIONS + ",\"value\":{\"n\":" + n + "}}").toList());
    }
}
