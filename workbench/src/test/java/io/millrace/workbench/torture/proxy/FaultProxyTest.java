package io.millrace.workbench.torture.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.SuiteSize;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {
    private static final int SHORT_MS = 200;
    private static final int LONG_MS = 20_000;
    private static final int STORMING_CLIENTS = 30;

    private final Map<Integer, String> names = new ConcurrentHashMap<>();
    private final InetSocketAddress front = new InetSocketAddress(InetAddress.getLoopbackAddress(),
            FreePorts.find(SuiteSize.ofBrokers(1), RandomGenerator.getDefault()).gateway());
    private Echo echo;
    private FaultProxy proxy;

    /** Answers each connection with what it sends. */
    private static final class Echo implements AutoCloseable {
        private final ServerSocket socket;
        private final Set<Socket> accepted = ConcurrentHashMap.newKeySet();
        private final Thread acceptor;

        Echo(int port) throws IOException {
            socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            acceptor = Thread.ofVirtual().start(this::accept);
        }

        private void accept() {
            try {
                while (true) {
                    Socket connection = socket.accept();
                    accepted.add(connection);
                    Thread.ofVirtual().start(() -> answer(connection));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void answer(Socket connection) {
            try (connection) {
                connection.getInputStream().transferTo(connection.getOutputStream());
            } catch (IOException e) {
                // the other end is gone
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        /** Who accepts keeps the address listening until it has noticed the end. */
        private void awaitRefusing() {
            try {
                acceptor.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
            awaitRefusing();
            for (Socket connection : accepted) {
                connection.close();
            }
        }
    }

    @BeforeEach
    void an_echo_behind_a_proxy() throws IOException {
        echo = new Echo(0);
        proxy = new FaultProxy(front, new InetSocketAddress(InetAddress.getLoopbackAddress(), echo.port()),
                accepted -> names.getOrDefault(accepted.getPort(), ""));
    }

    @AfterEach
    void both_are_closed() throws IOException {
        proxy.close();
        echo.close();
    }

    @Test
    void what_is_sent_arrives_and_is_answered() throws IOException {
        try (Socket client = connected("a")) {
            assertThat(exchange(client, "hello")).isEqualTo("hello");
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).as("its end").isEqualTo(-1);
        }
    }

    @Test
    void a_cut_link_resets_its_connections_and_leaves_others_alone() throws IOException {
        try (Socket cut = connected("a"); Socket other = connected("b")) {
            exchange(cut, "x");
            exchange(other, "x");
            proxy.set("a", new LinkState.Cut());
            assertThatThrownBy(() -> exchange(cut, "more")).isInstanceOf(IOException.class);
            assertThat(exchange(other, "more")).isEqualTo("more");
            try (Socket another = connected("a")) {
                assertThatThrownBy(() -> exchange(another, "more")).isInstanceOf(IOException.class);
            }
            proxy.heal();
            try (Socket healed = connected("a")) {
                assertThat(exchange(healed, "again")).isEqualTo("again");
            }
        }
    }

    @Test
    void a_silent_link_holds_what_is_sent_until_it_is_open() throws IOException {
        try (Socket client = connected("a")) {
            exchange(client, "x");
            proxy.set(new LinkState.Silent());
            client.setSoTimeout(SHORT_MS);
            assertThatThrownBy(() -> exchange(client, "held")).isInstanceOf(SocketTimeoutException.class);
            client.setSoTimeout(LONG_MS);
            proxy.heal();
            assertThat(read(client, 4)).isEqualTo("held");
        }
    }

    @Test
    void a_silent_link_does_not_even_tell_of_an_end() throws IOException {
        try (Socket client = connected("a")) {
            exchange(client, "x");
            proxy.set(new LinkState.Silent());
            echo.close();
            client.setSoTimeout(SHORT_MS);
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            client.setSoTimeout(LONG_MS);
            proxy.heal();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void a_slow_link_takes_its_latency_there_and_back() throws IOException {
        try (Socket client = connected("a")) {
            exchange(client, "x");
            proxy.set(new LinkState.Slow(Duration.ofMillis(100), 1 << 20));
            long sentNanos = System.nanoTime();
            assertThat(exchange(client, "late")).isEqualTo("late");
            assertThat(Duration.ofNanos(System.nanoTime() - sentNanos)).isGreaterThanOrEqualTo(Duration.ofMillis(200));
        }
    }

    @Test
    void a_slow_link_carries_so_many_bytes_a_second() {
        assertThat(new LinkState.Slow(Duration.ofMillis(10), 1_000).delay(500)).isEqualTo(Duration.ofMillis(510));
    }

    @Test
    void a_refusing_proxy_is_like_a_dead_process() throws IOException {
        try (Socket client = connected("a")) {
            exchange(client, "x");
            proxy.refuse();
            assertThatThrownBy(() -> exchange(client, "more")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> new Socket(front.getAddress(), front.getPort()).close())
                    .isInstanceOf(ConnectException.class);
        }
        proxy.heal();
        try (Socket healed = connected("a")) {
            assertThat(exchange(healed, "again")).isEqualTo("again");
        }
    }

    @Test
    void who_hears_the_end_of_a_dead_process_is_refused_when_it_connects_again() throws IOException {
        int port = echo.port();
        try (Socket client = connected("a")) {
            exchange(client, "x");
            echo.close();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThatThrownBy(() -> new Socket(front.getAddress(), front.getPort()).close())
                    .isInstanceOf(ConnectException.class);
        }
        echo = new Echo(port);
        try (Socket back = connected("a")) {
            assertThat(exchange(back, "again")).isEqualTo("again");
        }
    }

    @Test
    void who_it_is_that_connects_takes_nobodys_time_while_all_links_are_alike() throws IOException {
        CountDownLatch known = new CountDownLatch(1);
        proxy.close();
        proxy = new FaultProxy(front, new InetSocketAddress(InetAddress.getLoopbackAddress(), echo.port()),
                accepted -> {
                    try {
                        known.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return "a";
                });
        try (Socket client = connected("a")) {
            assertThat(exchange(client, "hello")).isEqualTo("hello");
        } finally {
            known.countDown();
        }
    }

    @Test
    void a_server_that_restarts_under_a_storm_of_connections_is_reached_again() throws Exception {
        int port = echo.port();
        AtomicBoolean isOver = new AtomicBoolean();
        Map<Integer, AtomicLong> answered = new ConcurrentHashMap<>();
        try (ExecutorService storm = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            try {
                for (int client = 0; client < STORMING_CLIENTS; client++) {
                    AtomicLong answers = answered.computeIfAbsent(client, ignored -> new AtomicLong());
                    storm.execute(() -> connectAgainAndAgain(isOver, answers));
                }
                for (int restart = 0; restart < 3; restart++) {
                    echo.close();
                    awaitRefused();
                    echo = new Echo(port);
                    Map<Integer, Long> before = answered.entrySet().stream().collect(Collectors.toMap(
                            Map.Entry::getKey, entry -> entry.getValue().get()));
                    await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(answered).allSatisfy(
                            (client, answers) -> assertThat(answers).hasValueGreaterThan(before.get(client))));
                }
            } finally {
                isOver.set(true);
            }
        }
    }

    private void connectAgainAndAgain(AtomicBoolean isOver, AtomicLong answers) {
        while (!isOver.get()) {
            try (Socket client = new Socket()) {
                client.setSoTimeout(LONG_MS);
                client.connect(front, LONG_MS);
                exchange(client, "x");
                answers.incrementAndGet();
            } catch (IOException e) {
                // refused, or ended: the server is away
            }
        }
    }

    private void awaitRefused() {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            try (Socket client = new Socket(front.getAddress(), front.getPort())) {
                return !client.isConnected();
            } catch (ConnectException e) {
                return true;
            }
        });
    }

    @Test
    void a_server_that_is_stopped_is_not_taken_for_dead() throws IOException {
        proxy.close();
        try (ServerSocket stopped = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress behind = new InetSocketAddress(stopped.getInetAddress(), stopped.getLocalPort());
            proxy = new FaultProxy(front, behind, _ -> "a");
            List<Socket> clients = new ArrayList<>();
            try {
                clients.add(connected("a"));
                fill(behind, clients);
                Socket late = connected("a");
                clients.add(late);
                assertThatThrownBy(() -> exchange(late, "x")).as("no room for it behind").isInstanceOf(
                        IOException.class);
                for (int again = 0; again < 20; again++) {
                    new Socket(front.getAddress(), front.getPort()).close(); // not refused
                }
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
        }
    }

    /** Until the queue of connections that nobody accepts is full. */
    private static void fill(InetSocketAddress server, List<Socket> clients) throws IOException {
        while (true) {
            Socket client = new Socket();
            clients.add(client);
            try {
                client.connect(server, SHORT_MS);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
    }

    @Test
    void the_process_that_made_a_connection_is_known_by_its_name() throws IOException {
        ConnectionOwners owners = new ConnectionOwners(() -> Map.of("somebody", 1L, "this", ProcessHandle.current()
                .pid()));
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            assertThat(client.isConnected()).isTrue();
            assertThat(owners.nameOf(accepted)).isEqualTo("this");
            assertThat(new ConnectionOwners(Map::of).nameOf(accepted)).isEmpty();
        }
    }

    private Socket connected(String name) throws IOException {
        Socket client = new Socket();
        client.setSoTimeout(LONG_MS);
        client.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        names.put(client.getLocalPort(), name);
        await().ignoreException(ConnectException.class).atMost(Duration.ofSeconds(20)).until(() -> {
            new Socket(front.getAddress(), front.getPort()).close();
            return true;
        });
        client.connect(front);
        return client;
    }

    private static String exchange(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        return read(client, text.length());
    }

    private static String read(Socket client, int bytes) throws IOException {
        byte[] read = client.getInputStream().readNBytes(bytes);
        if (read.length < bytes) {
            throw new IOException("the connection ended");
        }
        return new String(read, StandardCharsets.US_ASCII);
    }
}
