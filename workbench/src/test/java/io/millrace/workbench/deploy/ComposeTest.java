package io.millrace.workbench.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** docker-compose.yml compared with itself and with what the services read. */
class ComposeTest {
    private static final String TEXT = Repository.read("docker-compose.yml");
    private static final Compose COMPOSE = Compose.parse(TEXT);

    static List<Compose.Service> services() {
        return COMPOSE.services().values().stream().filter(Compose.Service::isOurs).toList();
    }

    static List<Compose.Service> brokers() {
        return services().stream().filter(service -> service.module().equals("broker-service")).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"restart:", "depends_on:", "context:", "condition:", "start_interval:", "services:"})
    void an_unknown_field_is_refused(String field) {
        assertThat(TEXT).contains(field);

        assertThatThrownBy(() -> Compose.parse(TEXT.replaceFirst(field, "un" + field)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("un" + field.replace(":", ""));
    }

    @Test
    void there_is_one_of_each_service_and_three_brokers() {
        assertThat(services().stream().map(Compose.Service::module)).containsExactlyInAnyOrder(
                "broker-service", "broker-service", "broker-service", "coordinator-service", "gateway-service",
                "offset-service");
        assertThat(services()).allSatisfy(service -> {
            assertThat(Repository.serviceModules()).contains(service.module());
            assertThat(service.buildArguments()).containsOnlyKeys("SERVICE");
            assertThat(service.image()).isEqualTo("millrace/" + service.module() + ":dev");
        });
    }

    @Test
    void volumes_are_declared_and_used_once() {
        var used = new ArrayList<String>();
        COMPOSE.services().values().forEach(service -> service.volumes()
                .forEach(volume -> used.add(volume.substring(0, volume.indexOf(':')))));
        assertThat(used).containsExactlyInAnyOrderElementsOf(COMPOSE.volumes());
    }

    @Test
    void services_start_once_what_they_need_is_healthy() {
        assertThat(COMPOSE.services().values()).allSatisfy(service -> {
            assertThat(service.healthcheck()).containsKey("test");
            service.dependsOn().forEach((other, condition) -> {
                assertThat(COMPOSE.services()).containsKey(other);
                assertThat(condition).isEqualTo("service_healthy");
            });
        });
        assertThat(services()).allSatisfy(service -> assertThat(service.dependsOn()).containsKey("postgres"));
        assertThat(COMPOSE.services().get("gateway").dependsOn().keySet()).hasSize(COMPOSE.services().size() - 1);
    }

    @ParameterizedTest
    @MethodSource("services")
    void every_environment_key_is_read_by_the_service(Compose.Service service) {
        assertThat(ServiceConfiguration.of(service.module()).environmentKeys()).containsAll(service.environment()
                .keySet());
    }

    @ParameterizedTest
    @MethodSource("services")
    void published_ports_are_listened_on_and_only_by_this_machine(Compose.Service service) {
        var listening = ServiceConfiguration.of(service.module()).ports(service.environment());
        for (String published : service.ports()) {
            String[] parts = published.split(":");
            assertThat(parts).hasSize(3);
            assertThat(parts[0]).isEqualTo("127.0.0.1");
            assertThat(parts[1]).as("the advertised port is right inside and outside").isEqualTo(parts[2]);
            assertThat(listening).contains(Integer.valueOf(parts[2]));
        }
    }

    @Test
    void no_port_is_published_twice() {
        assertThat(COMPOSE.services().values().stream().flatMap(service -> service.ports().stream()))
                .doesNotHaveDuplicates();
    }

    @Test
    void each_broker_has_its_own_id_name_ports_and_volume() {
        var ids = new HashSet<String>();
        assertThat(brokers()).hasSize(3).allSatisfy(broker -> {
            String id = Objects.requireNonNull(broker.environment().get("MILLRACE_BROKER_ID"));
            assertThat(ids.add(id)).isTrue();
            assertThat(broker.name()).isEqualTo("broker-" + id);
            assertThat(broker.environment()).containsEntry("MILLRACE_ADVERTISED_HOST", broker.name());
            assertThat(broker.environment()).containsEntry("MILLRACE_DATA_DIR", Dockerfile.DATA_DIRECTORY);
            assertThat(broker.volumes()).containsExactly("broker-" + id + ":" + Dockerfile.DATA_DIRECTORY);
            assertThat(broker.environment().get("MILLRACE_BROKER_KAFKA_PORT")).isEqualTo("" + (9092 + Integer.parseInt(
                    id)));
            assertThat(broker.ports()).singleElement().asString().endsWith(":"
                    + broker.environment().get("MILLRACE_BROKER_KAFKA_PORT"));
        });
    }

    @Test
    void addresses_are_those_of_services() {
        assertThat(services()).allSatisfy(service -> {
            var offset = URI.create(Objects.requireNonNull(service.environment().get("MILLRACE_OFFSET_URL")));
            var owner = Objects.requireNonNull(COMPOSE.services().get(offset.getHost()));
            assertThat(ServiceConfiguration.of(owner.module()).httpPort(owner.environment())).isEqualTo(offset
                    .getPort());
            var postgres = URI.create(Objects.requireNonNull(service.environment().get("MILLRACE_POSTGRES_URL"))
                    .substring("jdbc:".length()));
            assertThat(COMPOSE.services()).containsKey(postgres.getHost());
            var made = Objects.requireNonNull(COMPOSE.services().get(postgres.getHost())).environment();
            assertThat(postgres.getPath()).isEqualTo("/" + made.get("POSTGRES_DB"));
            assertThat(service.environment().get("MILLRACE_POSTGRES_USER")).isEqualTo(made.get("POSTGRES_USER"));
            assertThat(service.environment().get("MILLRACE_POSTGRES_PASSWORD")).isEqualTo(made.get(
                    "POSTGRES_PASSWORD"));
        });
    }

    @ParameterizedTest
    @MethodSource("services")
    void health_is_asked_for_where_it_is(Compose.Service service) {
        int port = ServiceConfiguration.of(service.module()).managementPort(service.environment());

        assertThat(service.healthCommand().getLast()).contains("/dev/tcp/127.0.0.1/" + port + " ");
        assertThat(service.healthCommand().getLast()).contains("GET /actuator/health/readiness ");
    }

    /** Runs the very command, on another port. */
    @ParameterizedTest
    @ValueSource(ints = {200, 503})
    void the_health_command_tells_ready_from_not_ready(int status) throws IOException, InterruptedException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/actuator/health/readiness", exchange -> {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
        try {
            int exit = run(Map.of("8084", "" + server.getAddress().getPort()));

            assertThat(exit == 0).isEqualTo(status == 200);
        } finally {
            server.stop(0);
        }
        assertThat(run(Map.of("8084", "" + server.getAddress().getPort()))).as("nobody listens").isNotZero();
    }

    private static int run(Map<String, String> replacements) throws IOException, InterruptedException {
        var check = Objects.requireNonNull(COMPOSE.services().get("offset")).healthCommand();
        assertThat(check.getFirst()).isEqualTo("CMD");
        var command = check.subList(1, check.size()).stream().map(word -> {
            // Compose takes $$ for $.
            String result = word.replace("$$", "$");
            for (var replacement : replacements.entrySet()) {
                result = result.replace(replacement.getKey(), replacement.getValue());
            }
            return result;
        }).toList();
        var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(
                ProcessBuilder.Redirect.DISCARD).start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }
}
