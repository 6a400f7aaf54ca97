package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Over connections that do not tell that a client has left, and with streams that say nothing of their own in the time of a test. */
class Http2GroupEventsTest {
    private static GatewayUnderTest gateway;

    private enum Departure {
        RESETS_THE_STREAM(Http2Subscriber::reset), DROPS_THE_CONNECTION(Http2Subscriber::close);

        private final Consumer<Http2Subscriber> leave;

        Departure(Consumer<Http2Subscriber> leave) {
            this.leave = leave;
        }
    }

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.events.heartbeat=1h",
                "millrace.events.groups.heartbeat=500ms",
                "millrace.events.groups.assignment-wait=10ms", "millrace.events.groups.drain-limit=100ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @ParameterizedTest
    @EnumSource
    void what_was_written_to_a_client_that_has_left_goes_to_the_next(Departure departure) {
        var topic = "left-" + departure;
        gateway.images.topic(topic, 1);
        gateway.brokers.append(topic, 0, "1");
        try (var leaving = new Http2Subscriber(gateway.port(), path(topic))) {
            await().until(() -> leaving.events("record") == 1);
            departure.leave.accept(leaving);

            await().until(() -> gateway.services.instancesOf(topic).isEmpty());
            assertThat(gateway.services.confirmed(topic, topic, 0)).isLessThan(1);
        }
        try (var next = new Http2Subscriber(gateway.port(), path(topic))) {
            await().until(() -> next.events("record") == 1);
        }
    }

    @Test
    void what_a_client_has_got_is_confirmed_and_the_line_is_silent_from_then_on() {
        gateway.images.topic("silent", 1);
        gateway.brokers.append("silent", 0, "1");
        try (var stays = new Http2Subscriber(gateway.port(), path("silent"))) {
            await().until(() -> gateway.services.confirmed("silent", "silent", 0) == 1);
            awaitBeats(1);
            int comments = stays.comments();
            assertThat(comments).isPositive();

            awaitBeats(3);

            assertThat(stays.comments()).isEqualTo(comments);
            gateway.brokers.append("silent", 0, "2");
            await().until(() -> gateway.services.confirmed("silent", "silent", 0) == 2);
        }
    }

    @Test
    void one_that_takes_a_little_now_and_then_is_cut_off_while_memory_is_scarce() {
        gateway.images.topic("sips", 1);
        for (int i = 0; i < 20; i++) {
            gateway.brokers.append("sips", 0, "\"" + "x".repeat(50_000) + "\"");
        }
        var memory = gateway.bean(GroupStreams.class).budget();
        try (var sipping = new Http2Subscriber(gateway.port(), path("sips"))) {
            await().until(() -> gateway.services.touches("sips") > 1 && memory.usedBytes() > 0);
            memory.take(memory.limitBytes());

            await().until(() -> {
                sipping.take(1_000);
                return gateway.services.instancesOf("sips").isEmpty();
            });

            assertThat(gateway.services.losses("sips")).isOne();
            await().untilAsserted(() -> assertThat(memory.usedBytes()).isEqualTo(memory.limitBytes()));
        } finally {
            memory.release(memory.limitBytes());
        }
    }

    private static void awaitBeats(int more) {
        int before = gateway.services.polls("silent");
        await().until(() -> gateway.services.polls("silent") > before + more);
    }

    private static String path(String topic) {
        return "/consumers/" + topic + "/events?from=earliest&topics=" + topic;
    }
}
