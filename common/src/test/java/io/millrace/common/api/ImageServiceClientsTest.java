package io.millrace.common.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.LeaseImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class ImageServiceClientsTest {
    private static final Duration PATIENT = Duration.ofSeconds(30);
    private static final CreateTopic ORDERS = new CreateTopic("orders", 1, null, null, Map.of(), false);
    private static final String CREATED = "{\"topicId\":\"x\",\"partitions\":1,\"replicationFactor\":1,\"version\":7,\"later\":true}";
    private static final String GRANT = """
            {"pollNumber":1,"memberEpoch":2,"settings":{"format":"json","autoOffsetReset":"latest","enableAutoCommit":true,
             "fetchMinBytes":1,"requestTimeoutMs":1,"isolationLevel":"read_committed","sessionTimeoutMs":1},
             "partitions":[],"repeatUpTo":false}
            """;
    private static final String NOT_CONTROLLER = "{\"error_code\":503,\"message\":\"not I\",\"code\":\"NOT_CONTROLLER\"}";

    private final Images images = new Images();
    private final List<Service> services = new ArrayList<>();
    @AutoClose
    private final ImageServiceClients clients = clients(List.of("http://127.0.0.1:1"), PATIENT, PATIENT);
    /** Gives up soon, for calls that are to fail. */
    @AutoClose
    private final ImageServiceClients hasty = clients(List.of("http://127.0.0.1:1"), PATIENT, Duration.ofMillis(200));

    @AfterEach
    void stopServices() {
        services.forEach(Service::close);
    }

    @Test
    void a_call_goes_to_the_controller_that_the_image_names() {
        var controller = new Service(200, CREATED);
        images.hold("controller", controller.baseUrl());

        assertThat(clients.topics().create(ORDERS).version()).isEqualTo(7);
        assertThat(controller.requests).singleElement().asString()
                .startsWith("POST /internal/topics {").contains("\"name\":\"orders\"");
    }

    @Test
    void a_call_to_an_old_controller_is_repeated_at_the_new_one() {
        var old = new Service(503, NOT_CONTROLLER);
        var successor = new Service(200, CREATED);
        images.hold("controller", old.baseUrl());
        images.onAwait = () -> images.hold("controller", successor.baseUrl());

        assertThat(clients.topics().create(ORDERS).version()).isEqualTo(7);
        assertThat(old.requests).hasSize(1);
        assertThat(successor.requests).hasSize(1);
    }

    @Test
    void a_call_that_a_stopping_controller_did_not_take_any_more_is_repeated_at_the_next_one() {
        var stopping = new Service(503, "");
        var successor = new Service(200, CREATED);
        images.hold("controller", stopping.baseUrl());
        images.onAwait = () -> images.hold("controller", successor.baseUrl());

        assertThat(clients.topics().create(ORDERS).version()).isEqualTo(7);
        assertThat(stopping.requests).hasSize(1);
    }

    @Test
    void a_call_to_a_controller_that_is_gone_waits_for_the_next_one() throws Exception {
        var successor = new Service(200, CREATED);
        images.hold("controller", "http://127.0.0.1:" + closedPort());
        images.onAwait = () -> images.hold("controller", successor.baseUrl());

        assertThat(clients.topics().create(ORDERS).version()).isEqualTo(7);
    }

    @Test
    void without_any_controller_the_call_is_refused_in_time() {
        assertThat(refusal(() -> hasty.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.CONTROLLER_UNAVAILABLE);
        assertThat(refusal(() -> hasty.groups("g").describe("g")).code()).isEqualTo(
                ErrorCode.COORDINATOR_UNAVAILABLE);
    }

    @Test
    void a_controller_that_stays_the_wrong_one_is_told_as_such() {
        images.hold("controller", new Service(503, NOT_CONTROLLER).baseUrl());

        assertThat(refusal(() -> hasty.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.NOT_CONTROLLER);
    }

    @Test
    void a_refusal_arrives_as_it_was_meant_and_is_not_repeated() {
        var controller = new Service(409,
                "{\"error_code\":409,\"message\":\"there is one\",\"code\":\"TOPIC_EXISTS\"}");
        images.hold("controller", controller.baseUrl());

        var refusal = refusal(() -> clients.topics().create(ORDERS));

        assertThat(refusal.code()).isEqualTo(ErrorCode.TOPIC_EXISTS);
        assertThat(refusal).hasMessage("there is one");
        assertThat(controller.requests).hasSize(1);
    }

    @Test
    void what_is_no_error_body_of_ours_becomes_a_refusal_by_its_status() {
        var strange = new Service(502, "<html>Bad gateway</html>");
        images.hold("controller", strange.baseUrl());
        assertThat(refusal(() -> clients.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.UNAVAILABLE);

        var newer = new Service(409, "{\"error_code\":409,\"message\":\"new\",\"code\":\"OF_A_LATER_VERSION\"}");
        images.hold("controller", newer.baseUrl());
        assertThat(refusal(() -> clients.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.INTERNAL);
    }

    @Test
    void a_call_that_may_have_been_carried_out_is_not_repeated() {
        var silent = new Service(200, CREATED);
        var hang = new CountDownLatch(1);
        silent.onRequest = () -> await(hang);
        images.hold("controller", silent.baseUrl());

        try (var impatient = clients(List.of("http://127.0.0.1:1"), Duration.ofMillis(500), PATIENT)) {
            assertThat(refusal(() -> impatient.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.TIMED_OUT);
        }
        hang.countDown();
        assertThat(silent.requests).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void a_call_that_may_be_repeated_leaves_a_coordinator_that_is_replaced_before_it_answers() {
        var paused = new Service(200, "");
        var hang = new CountDownLatch(1);
        var successor = new Service(200, GRANT);
        String shard = ClusterImage.shardLease(ClusterImage.shardOf("g"));
        paused.onRequest = () -> {
            images.hold(shard, successor.baseUrl());
            await(hang);
        };
        images.hold(shard, paused.baseUrl());

        assertThat(clients.instances("g").beginPoll("g", "i", new BeginPoll(null)).memberEpoch()).isEqualTo(2);
        hang.countDown();
    }

    @Test
    void a_call_that_may_not_be_repeated_is_refused_when_the_one_asked_is_replaced_before_it_answers() {
        var paused = new Service(200, CREATED);
        var hang = new CountDownLatch(1);
        var successor = new Service(200, CREATED);
        paused.onRequest = () -> {
            images.hold("controller", successor.baseUrl());
            await(hang);
        };
        images.hold("controller", paused.baseUrl());

        assertThat(refusal(() -> clients.topics().create(ORDERS)).code()).isEqualTo(ErrorCode.UNAVAILABLE);
        hang.countDown();
        assertThat(successor.requests).isEmpty();
    }

    @Test
    void a_call_that_may_not_be_repeated_is_given_time_to_be_answered_by_the_one_that_was_replaced() {
        var leaving = new Service(200, CREATED);
        var successor = new Service(200, CREATED);
        leaving.onRequest = () -> {
            images.hold("controller", successor.baseUrl());
            // Until the client has looked at the image several times.
            int looks = images.looks.get();
            Awaitility.await().until(() -> images.looks.get() > looks + 5);
        };
        images.hold("controller", leaving.baseUrl());

        try (var patient = clients(List.of("http://127.0.0.1:1"), PATIENT, PATIENT, PATIENT)) {
            assertThat(patient.topics().create(ORDERS).version()).isEqualTo(7);
        }
        assertThat(successor.requests).isEmpty();
    }

    @Test
    void only_a_call_that_may_be_repeated_is_made_again_after_the_connection_broke() {
        var dying = new Service(-1, "");
        var successor = new Service(200, GRANT);
        String shard = ClusterImage.shardLease(ClusterImage.shardOf("g"));
        dying.onRequest = () -> images.hold(shard, successor.baseUrl());
        images.hold(shard, dying.baseUrl());
        assertThat(clients.instances("g").beginPoll("g", "i", new BeginPoll(null)).memberEpoch()).isEqualTo(2);

        images.hold(shard, dying.baseUrl());
        assertThat(refusal(() -> {
            clients.groups("g").delete("g");
            return null;
        }).code()).isEqualTo(ErrorCode.UNAVAILABLE);
        assertThat(successor.requests).hasSize(1);
    }

    @Test
    void each_group_has_its_own_coordinator_and_strange_names_survive_the_path() {
        var group = "a/b ü?%2F";
        var coordinator = new Service(200, GRANT);
        images.hold(ClusterImage.shardLease(ClusterImage.shardOf(group)), coordinator.baseUrl());

        assertThat(clients.instances(group).beginPoll(group, "i", new BeginPoll(null)).memberEpoch()).isEqualTo(2);
        assertThat(coordinator.requests).singleElement().asString()
                .startsWith("POST /internal/groups/a%2Fb%20%C3%BC%3F%252F/instances/i/poll ");
    }

    @Test
    void all_groups_asks_each_coordinator_once() {
        var one = new Service(200, "[{\"group\":\"g\",\"state\":\"EMPTY\",\"members\":0}]");
        var other = new Service(200, "[]");
        IntStream.range(0, 4).forEach(shard -> images.hold(ClusterImage.shardLease(shard), one.baseUrl()));
        IntStream.range(4, 8).forEach(shard -> images.hold(ClusterImage.shardLease(shard), other.baseUrl()));

        assertThat(clients.allGroups()).hasSize(2);
        assertThat(clients.allGroups().stream().flatMap(groups -> groups.list().stream())).hasSize(1);
    }

    @Test
    void the_next_offset_service_is_asked_when_one_does_not_accept_connections() throws Exception {
        var second = new Service(200, "{\"offsets\":[]}");
        try (var withTwo = clients(List.of("http://127.0.0.1:" + closedPort() + "/", second.baseUrl() + "/"), PATIENT,
                PATIENT)) {
            assertThat(withTwo.offsets().fetch("g", new OffsetsApi.Fetch(null)).offsets()).isEmpty();
            assertThat(second.requests).singleElement().asString().startsWith("POST /internal/offsets/g/fetch ");
        }
    }

    @Test
    void an_answer_without_a_body_is_fine_where_none_is_expected() {
        images.hold(ClusterImage.shardLease(ClusterImage.shardOf("g")), new Service(204, "").baseUrl());

        clients.groups("g").delete("g");
    }

    private ImageServiceClients clients(List<String> offsetServices, Duration readTimeout, Duration retryTimeout) {
        return clients(offsetServices, readTimeout, retryTimeout, Duration.ofMillis(50));
    }

    private ImageServiceClients clients(List<String> offsetServices, Duration readTimeout, Duration retryTimeout,
            Duration replacedGrace) {
        return new ImageServiceClients(images, new ClientSettings(
                offsetServices.stream().map(URI::create).toList(), PATIENT, readTimeout, retryTimeout, Duration
                        .ofMillis(20), replacedGrace));
    }

    private static RefusedException refusal(Callable<?> call) {
        var refusal = catchThrowableOfType(RefusedException.class, call::call);
        assertThat(refusal).isNotNull();
        return refusal;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int closedPort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Images that hold leases and nothing else. */
    private static final class Images implements ClusterImages {
        private final AtomicReference<ClusterImage> current = new AtomicReference<>(ClusterImage.EMPTY);
        private final AtomicInteger looks = new AtomicInteger();
        private Runnable onAwait = () -> {};

        void hold(String lease, String baseUrl) {
            current.updateAndGet(image -> {
                var leases = new TreeMap<>(image.leases());
                leases.put(lease, new LeaseImage(lease, "h", baseUrl, 1));
                return new ClusterImage("c", image.version() + 1, Map.of(), Map.of(), Map.of(), leases);
            });
        }

        @Override
        public ClusterImage current() {
            looks.incrementAndGet();
            return current.get();
        }

        @Override
        public boolean awaitVersion(long version, Duration timeout) throws InterruptedException {
            onAwait.run();
            if (current.get().version() < version) {
                assertThat(new CountDownLatch(1).await(timeout.toNanos(), TimeUnit.NANOSECONDS)).isFalse();
            }
            return current.get().version() >= version;
        }

        @Override
        public void subscribe(Listener listener) {
            throw new UnsupportedOperationException();
        }
    }

    /** Answers every request alike and remembers them; with status -1 it closes the connection instead. */
    private final class Service implements AutoCloseable {
        private final HttpServer server;
        private final int status;
        private final byte[] body;
        private final List<String> requests = new CopyOnWriteArrayList<>();
        private volatile Runnable onRequest = () -> {};

        Service(int status, String body) {
            this.status = status;
            this.body = body.getBytes(StandardCharsets.UTF_8);
            try {
                server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            server.createContext("/", this::answer);
            server.start();
            services.add(this);
        }

        private void answer(HttpExchange exchange) throws IOException {
            try (exchange) {
                requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                        + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                onRequest.run();
                if (status < 0) {
                    return;
                }
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
                exchange.getResponseBody().write(body);
            }
        }

        String baseUrl() {
            return "http://127.0.0.1:" + server.getAddress().getPort();
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }
}
