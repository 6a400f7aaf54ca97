package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Consumers are created, and told what they read. */
@ResourceLock(RunningCoordinator.ALONE)
class HttpConsumersTest extends HttpConsumerCalls {
    @Test
    void defaults_are_filled_in_and_a_name_is_made_up() {
        var instance = INSTANCES.create(group, new CreateInstance(null, "json", null, null, null, null, null, null));

        assertThat(instance.instanceId()).startsWith("consumer-");
        assertThat(instance.settings())
                .isEqualTo(new InstancesApi.Settings("json", "latest", true, 1, 1_000, "read_uncommitted", 30_000));
        assertThat(INSTANCES.describe(group, instance.instanceId())).isEqualTo(instance);
    }

    @Test
    void a_name_in_use_and_bad_settings_are_refused_by_field() {
        create("a");

        assertRefused(() -> create("a"), ErrorCode.INSTANCE_EXISTS, "'a'");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "xml", null, null, null, null, null, null)),
                ErrorCode.INVALID_SETTING, "format");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", "newest", null, null, null, null,
                null)),
                ErrorCode.INVALID_SETTING, "auto.offset.reset");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", null, null, -1, null, null, null)),
                ErrorCode.INVALID_SETTING, "fetch.min.bytes");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", null, null, null, null, null, 10)),
                ErrorCode.INVALID_SETTING, "session.timeout.ms");
        assertRefused(() -> INSTANCES.describe(group, "b"), ErrorCode.UNKNOWN_INSTANCE, "'b'");
    }

    @Test
    void partitions_assigned_by_hand_are_read_without_a_membership() {
        create("a");
        INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("returns", 1), new TopicPartition(
                "orders", 0))));

        PollGrant grant = poll("a");
        deliver("a", grant, "returns", 1, 4);
        CLOCK_MS.addAndGet(5_000);
        poll("a");

        assertThat(grant.memberEpoch()).isEqualTo(-1);
        assertThat(grant.partitions()).hasSize(2);
        assertThat(GROUPS.describe(group).members()).isEmpty();
        CLOCK_MS.addAndGet(5_000);
        await().untilAsserted(() -> assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("returns", 1),
                4L)));
    }

    @Test
    void a_consumer_is_either_subscribed_or_assigned_by_hand() {
        create("a");
        subscribe("a", "orders");
        var byHand = new Assignment(List.of(new TopicPartition("orders", 0)));
        assertRefused(() -> INSTANCES.assign(group, "a", byHand), ErrorCode.SUBSCRIPTION_CONFLICT, "subscribed");
        subscribe("a");
        INSTANCES.assign(group, "a", byHand);
        assertRefused(() -> subscribe("a", "orders"), ErrorCode.SUBSCRIPTION_CONFLICT, "by hand");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of("orders"), "o.*")),
                ErrorCode.SUBSCRIPTION_CONFLICT, "either");

        assertRefused(() -> INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("nowhere", 0)))),
                ErrorCode.UNKNOWN_TOPIC, "nowhere");
        assertRefused(() -> INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("orders", 4)))),
                ErrorCode.UNKNOWN_PARTITION, "0 to 3");
    }

    @Test
    void a_pattern_is_resolved_and_a_bad_one_refused() {
        create("a");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of(), "(")),
                ErrorCode.INVALID_SETTING, "RE2");
        INSTANCES.subscribe(group, "a", new Subscription(List.of(), "(orders|ret.*)"));

        assertThat(poll("a").partitions()).hasSize(6);
        assertThat(GROUPS.describe(group).members()).singleElement()
                .satisfies(member -> assertThat(member.topics()).containsExactlyInAnyOrder("orders", "returns"));
    }

    @Test
    void a_new_subscription_lets_go_of_the_old_topics_and_takes_the_new_in_one_poll() {
        create("a");
        subscribe("a", "orders");
        poll("a");

        subscribe("a", "returns");

        assertThat(poll("a").partitions()).extracting(Granted::topic).containsExactly("returns", "returns");
    }

    @Test
    void names_and_patterns_that_no_topic_can_have_are_refused() {
        create("a");

        assertRefused(() -> subscribe("a", "or\0ders"), ErrorCode.INVALID_TOPIC_NAME, "topics");
        assertRefused(() -> subscribe("a", "orders", "all orders"), ErrorCode.INVALID_TOPIC_NAME, "all orders");
        assertRefused(() -> subscribe("a", ""), ErrorCode.INVALID_TOPIC_NAME, "topics");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of(), "or\0ders")),
                ErrorCode.INVALID_SETTING, "topic_pattern");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of(), "(((a{1000}){1000}){1000})")),
                ErrorCode.INVALID_SETTING, "topic pattern is too large");
    }

    @Test
    void a_seek_is_taken_for_owned_partitions_only() {
        create("a");
        subscribe("a", "orders");
        PollGrant grant = poll("a");

        INSTANCES.seek(group, "a", new Seek(List.of(new Position("orders", 2, 99))));

        assertRefused(() -> deliver("a", grant, "orders", 2, 5), ErrorCode.POLL_SUPERSEDED, "superseded");
        assertThat(positions(poll("a"))).containsEntry(2, 99L);
        assertRefused(() -> INSTANCES.seek(group, "a", new Seek(List.of(new Position("returns", 0, 1)))),
                ErrorCode.INVALID_REQUEST, "does not own");
    }
}
