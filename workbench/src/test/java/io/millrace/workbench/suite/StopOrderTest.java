package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A service listens once all of it has been started. */
class StopOrderTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void what_leans_on_others_goes_before_them() {
        var inOrder = List.of("gateway-1", "broker-2", "coordinator", "offset-1", PostgresCluster.NAME);

        assertThat(inOrder).isSortedAccordingTo(Comparator.comparingInt(StopOrder::stage));
    }

    @Test
    void a_service_that_listens_is_given_the_time_that_it_needs() throws IOException {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> closeFirstConnection(listening));
            assertThat(StopOrder.patience(service(listening.getLocalPort()))).isEqualTo(LONG);
        }
    }

    @Test
    void a_service_that_is_still_starting_is_not_waited_for_long() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertThat(StopOrder.patience(service(port))).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void a_process_without_readiness_is_given_the_time_that_it_needs() {
        ServiceSpec postgres = new ServiceSpec(PostgresCluster.NAME, List.of(), Map.of(), Path.of("log"), Path.of(
                "log"),
                SuiteSettings.LOOPBACK, List.of(), null, null, null, LONG);
        assertThat(StopOrder.patience(postgres)).isEqualTo(LONG);
    }

    private static ServiceSpec service(int port) {
        return new ServiceSpec("gateway", List.of(), Map.of(), Path.of("log"), Path.of("log"), SuiteSettings.LOOPBACK,
                List.of(port), null, null, URI.create("http://" + SuiteSettings.LOOPBACK + ":" + port + "/ready"),
                LONG);
    }

    /** As a service that answers without being ready: the one who asks gets nothing, but somebody was there. */
    private static void closeFirstConnection(ServerSocket listening) {
        try {
            listening.accept().close();
        } catch (IOException e) {
            // the test is over
        }
    }
}
