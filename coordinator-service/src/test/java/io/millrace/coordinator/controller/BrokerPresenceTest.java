package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BrokerPresenceTest {
    @Test
    void where_connections_end_at_once_the_next_is_tried_after_a_pause() throws IOException {
        Duration never = Duration.ofDays(1);
        Duration second = Duration.ofSeconds(1);
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var presence = new BrokerPresence(new ControllerSettings(second, never, second, never, never, never, 1),
                    oneBroker(listener.getLocalPort()));
            listener.accept().close();

            listener.setSoTimeout(500);
            assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
            assertThat(presence.refusing()).isEmpty();
            presence.close();
        }
    }

    private static ClusterImages oneBroker(int port) {
        var broker = new BrokerImage(0, 1, "127.0.0.1", port, "http://127.0.0.1:1", false);
        var image = new ClusterImage("cluster", 1, Map.of(0, broker), Map.of(), Map.of(), Map.of());
        return new ClusterImages() {
            @Override
            public ClusterImage current() {
                return image;
            }

            @Override
            public boolean awaitVersion(long version, Duration timeout) {
                return version <= 1;
            }

            @Override
            public void subscribe(Listener listener) {
                listener.imageChanged(ClusterImage.EMPTY, image);
            }
        };
    }
}
