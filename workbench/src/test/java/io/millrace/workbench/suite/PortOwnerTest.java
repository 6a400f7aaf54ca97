package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class PortOwnerTest {
    @Test
    void a_listening_port_is_taken_and_its_owner_is_known_until_it_is_closed() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
            assertThat(PortOwner.isFree(SuiteSettings.LOOPBACK, port)).isFalse();
            ProcessHandle owner = PortOwner.find(port).orElseThrow();
            assertThat(owner.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(PortOwner.describe(owner)).isEqualTo("java (pid " + ProcessHandle.current().pid() + ")");
        }
        assertThat(PortOwner.isFree(SuiteSettings.LOOPBACK, port)).isTrue();
        assertThat(PortOwner.find(port)).isEmpty();
    }

    @Test
    void a_listener_on_every_address_takes_the_port_too() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            assertThat(PortOwner.isFree(SuiteSettings.LOOPBACK, socket.getLocalPort())).isFalse();
        }
    }
}
