package io.millrace.gateway.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.ClusterApi;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ClusterEndpointTest {
    private static final String PLAN = """
            {"replicas_to_copy":1,"moves":[{"topic":"orders","partition":0,"from":[0],"to":[1]}]}""";
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void brokers_are_told_with_what_they_have_and_lead() {
        gateway.createTopic("orders", 2);

        var broker = gateway.get("/admin/brokers").json().get(0);

        assertThat(broker.get("id").asInt()).isZero();
        assertThat(broker.get("running").asBoolean()).isTrue();
        assertThat(broker.get("draining").asBoolean()).isFalse();
        assertThat(broker.get("replicas").asInt()).isEqualTo(2);
        assertThat(broker.get("leaders").asInt()).isEqualTo(2);
    }

    @Test
    void a_rebalance_answers_with_its_plan_and_hands_on_what_it_was_asked_for() {
        var answer = gateway.send("POST", "/admin/rebalance", "{\"dry_run\":true,\"throttle_bytes_per_second\":1000}");

        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.body()).isEqualTo(PLAN);
        assertThat(gateway.services.cluster.asked.getLast()).isEqualTo(new ClusterApi.Options(true, 1_000L));
    }

    @Test
    void progress_is_told_by_partition_and_by_broker() {
        var progress = gateway.get("/admin/rebalance").json();

        assertThat(progress.get("waiting").asInt()).isEqualTo(1);
        assertThat(progress.get("stuck").asInt()).isEqualTo(1);
        assertThat(progress.get("done").asInt()).isEqualTo(3);
        assertThat(progress.get("brokers").toString()).isEqualTo(
                "[{\"broker\":0,\"coming\":0,\"going\":2},{\"broker\":1,\"coming\":2,\"going\":0}]");
        assertThat(progress.get("partitions").get(0).get("state").asString()).isEqualTo("moving");
        assertThat(progress.get("partitions").get(0).get("adding").toString()).isEqualTo("[1]");
        assertThat(progress.get("partitions").get(0).get("reason").asString()).isEqualTo("catching_up");
        assertThat(progress.get("partitions").get(1).get("state").asString()).isEqualTo("waiting");
        assertThat(progress.get("partitions").get(1).get("reason").asString()).isEqualTo("broker_not_running");
        assertThat(progress.get("partitions").get(1).get("waits_for").toString()).isEqualTo("[1]");
    }

    @Test
    void as_many_partitions_are_listed_as_are_asked_for_and_what_is_not_listed_is_not_added_up() {
        var none = gateway.get("/admin/rebalance?limit=0").json();

        assertThat(none.get("moving").asInt()).isEqualTo(1);
        assertThat(none.get("partitions").size()).isZero();
        assertThat(none.get("bytes_left").isNull()).isTrue();
        assertThat(gateway.get("/admin/rebalance?limit=1").json().get("partitions").size()).isEqualTo(1);
        assertThat(gateway.get("/admin/rebalance?limit=-1")).matches(answer -> answer.status() == 400 && answer.body()
                .contains("limit"));
    }

    @Test
    void progress_tells_what_is_still_to_be_copied_where_the_brokers_tell() {
        try (FakeBroker other = new FakeBroker(); var moving = GatewayUnderTest.startOverWire()) {
            moving.createTopic("orders", 2);
            assertThat(moving.send("POST", "/topics/orders", "{\"records\":[{\"partition\":0,\"value\":1}]}",
                    "Content-Type", "application/vnd.kafka.json.v2+json").status()).isEqualTo(200);
            assertThat(moving.get("/admin/rebalance").json().get("bytes_left").isNull()).isTrue();

            other.host("orders", moving.images.current().topic("orders").id(), 2);
            moving.images.broker(1, other.listen(), false);

            var progress = moving.get("/admin/rebalance").json();
            assertThat(progress.get("bytes_left").asLong()).isPositive().isEqualTo(progress.get("partitions").get(0)
                    .get("bytes_left").asLong());
            assertThat(progress.get("partitions").get(1).get("bytes_left").isNull()).isTrue();
        }
    }

    @Test
    void a_reassignment_and_another_replication_factor_are_handed_on() {
        assertThat(gateway.send("POST", "/admin/reassignments",
                "{\"partitions\":[{\"topic\":\"orders\",\"partition\":3,\"replicas\":[1,2]}]}").status()).isEqualTo(
                        202);
        assertThat(gateway.services.cluster.asked.getLast()).isEqualTo(new ClusterApi.Reassign(List.of(
                new ClusterApi.Replicas("orders", 3, List.of(1, 2))), new ClusterApi.Options(false, null)));
        assertThat(gateway.send("PUT", "/admin/topics/orders/replication-factor", "{\"replication_factor\":3}")
                .status()).isEqualTo(202);
        assertThat(gateway.services.cluster.asked.getLast()).isEqualTo(new ClusterApi.ReplicationFactor(3,
                new ClusterApi.Options(false, null)));
    }

    @Test
    void what_is_missing_or_unknown_is_named() {
        assertThat(gateway.send("POST", "/admin/reassignments",
                "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}"))
                .matches(answer -> answer.status() == 400 && answer.body().contains("replicas"));
        assertThat(gateway.send("POST", "/admin/reassignments",
                "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[1,null]}]}"))
                .matches(answer -> answer.status() == 400 && answer.body().contains("replicas"));
        assertThat(gateway.send("POST", "/admin/reassignments", "{\"partitions\":[null]}"))
                .matches(answer -> answer.status() == 400 && answer.body().contains("partitions"));
        assertThat(gateway.send("POST", "/admin/topics/orders/partitions", "{}"))
                .matches(answer -> answer.status() == 400 && answer.body().contains("partitions_count"));
        assertThat(gateway.send("POST", "/admin/rebalance", "{\"brokers\":[1]}"))
                .matches(answer -> answer.status() == 400 && answer.body().contains("brokers"));
        assertThat(gateway.send("POST", "/admin/brokers/7/drain", "{}").status()).isEqualTo(404);
        assertThat(gateway.send("DELETE", "/admin/brokers/7", "").status()).isEqualTo(404);
    }
}
