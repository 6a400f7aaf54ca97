package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Each refusal that the OpenAPI document tells of, brought about: the answer is as it describes errors, and the reason is the one that its
 * example names.
 */
@WithSteadySuite
@ResourceLock(SharedSuite.ORDERS)
@Order(7)
class RefusalsIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String INSTANCE = "/consumers/shipping/instances/c1";
    private static final String WIDE_TOPIC = "refused-drain";

    private final Gateway gateway;
    private final ExampleReplay document;

    RefusalsIT(Gateway gateway) throws Exception {
        this.gateway = gateway;
        this.document = new ExampleReplay(gateway);
    }

    @Test
    void every_refusal_that_is_documented_is_as_documented() throws Exception {
        prepare();

        Set<String> circumstances = new TreeSet<>();
        List<String> misfits = new ArrayList<>();
        for (ApiOperation operation : document.all()) {
            for (String status : operation.refusals()) {
                var example = Refusals.provoking(operation, status);
                if (example.isPresent()) {
                    misfits.addAll(document.misfitsOfRefusal(operation, example.get(), status));
                } else {
                    circumstances.add(operation.name() + " " + status);
                }
            }
        }

        assertThat(misfits).isEmpty();
        assertThat(circumstances).as("left out, and what is known to need more than a request").isEqualTo(
                Refusals.BY_CIRCUMSTANCES.keySet());
        cleanUp();
    }

    /** A topic of which one record is not JSON, a consumer that reads it, and one that has a replica on every broker. */
    private void prepare() throws Exception {
        cleanUp();
        await().atMost(TIMEOUT).until(() -> gateway.get("/topics/orders").status() == 404);
        gateway.createTopic("orders", 3);
        gateway.createReplicatedTopic(WIDE_TOPIC, 1);
        gateway.post("/topics/orders/partitions/0", Gateway.TEXT_RECORDS, "{\"records\":[{\"value\":\"no JSON\"}]}")
                .expect(200);
        gateway.post("/consumers/shipping", Gateway.METADATA, "{\"name\":\"c1\",\"format\":\"json\"}").expect(200);
        gateway.post(INSTANCE + "/subscription", Gateway.METADATA, "{\"topics\":[\"orders\"]}").expect(204);
        await().atMost(TIMEOUT).until(() -> {
            gateway.get(INSTANCE + "/records?timeout=0").expect(200);
            return !gateway.get(INSTANCE + "/subscription").expect(200).body().get("partitions").isEmpty();
        });
    }

    private void cleanUp() throws Exception {
        gateway.delete(INSTANCE);
        gateway.delete("/groups/shipping");
        gateway.delete("/admin/topics/orders");
        gateway.delete("/admin/topics/" + WIDE_TOPIC);
    }
}
