package io.millrace.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.partition.MetadataWrites;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.incarnation.LogReports;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.testing.TestPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;

/** The service as a whole, with PostgreSQL; the test does the controller's work in it. */
class BrokerServiceTest {
    @AutoClose
    private static final TestPostgres POSTGRES = TestPostgres.create();

    private final List<ConfigurableApplicationContext> started = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final DataSource database = POSTGRES.directDataSource();
    private final JdbcClient sql = JdbcClient.create(database);
    private final MetadataTransaction metadata = new MetadataTransaction(sql, new DataSourceTransactionManager(
            database));
    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        started.forEach(ConfigurableApplicationContext::close);
    }

    private ConfigurableApplicationContext start(int id, int kafkaPort) {
        Map<String, Object> properties = new HashMap<>(POSTGRES.springProperties());
        properties.put("server.port", "0");
        properties.put("millrace.broker.id", Integer.toString(id));
        properties.put("millrace.broker.kafka.port", Integer.toString(kafkaPort));
        properties.put("millrace.storage.directory", folder.resolve("broker-" + id).toString());
        String[] arguments = properties.entrySet().stream().map(property -> "--" + property.getKey() + "=" + property
                .getValue())
                .toArray(String[]::new);
        ConfigurableApplicationContext context = new SpringApplicationBuilder(BrokerService.class).run(arguments);
        started.add(context);
        return context;
    }

    /** In one transaction, as every change of metadata: an image that saw the version must see the rows. */
    private void change(String statement, Object... parameters) {
        metadata.write(version -> sql.sql(statement.replace(":version", Long.toString(version))).params(parameters)
                .update());
    }

    private void unfence(int id) {
        eventually().until(() -> sql.sql("select count(*) from metadata.broker where id = ? and ready").params(id)
                .query(
                        Integer.class).single() == 1);
        // Who was fenced leads again in another epoch only: in one transaction, or the broker takes the old one for metadata that went back.
        change("with led as (update metadata.partition set leader_epoch = leader_epoch + 1, partition_epoch = partition_epoch + 1, "
                + "version = :version where leader = ?) "
                + "update metadata.broker set fenced = false, version = :version where id = ?", id, id);
    }

    private void createTopic(String name, int leader) {
        change("with t as (insert into metadata.topic (id, name, version) values (gen_random_uuid(), ?, :version) returning id) "
                + "insert into metadata.partition (topic_id, index, replicas, isr, leader, leader_epoch, partition_epoch, version) "
                + "select id, 0, array[?], array[?], ?, 0, 0, :version from t", name, leader, leader, leader);
    }

    private HttpResponse<String> get(ConfigurableApplicationContext context, String path) throws IOException,
            InterruptedException {
        String port = context.getEnvironment().getRequiredProperty("local.server.port");
        return http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static int kafkaPort(ConfigurableApplicationContext context) {
        Broker.Running running = context.getBean(Broker.class).running();
        if (running == null) {
            throw new AssertionError("the broker does not run");
        }
        return running.server().port();
    }

    private static List<String> readAll(int port, String topic, int count) {
        Map<String, Object> settings = Map.of("bootstrap.servers", "127.0.0.1:" + port, "auto.offset.reset",
                "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            List<String> values = new ArrayList<>();
            eventually().until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
                return values.size() >= count;
            });
            return values;
        }
    }

    @Test
    void it_becomes_ready_serves_and_serves_on_after_an_orderly_restart() throws Exception {
        ConfigurableApplicationContext context = start(0, 0);
        assertThat(get(context, "/actuator/health/readiness").statusCode()).isEqualTo(503);
        assertThat(get(context, "/actuator/health/readiness").body()).contains("fenced");
        assertThat(get(context, "/actuator/health/liveness").statusCode()).isEqualTo(200);
        unfence(0);
        eventually().until(() -> get(context, "/actuator/health/readiness").statusCode() == 200);
        createTopic("events", 0);
        eventually().until(() -> context.getBean(ClusterImages.class).current().topic("events") != null);

        Map<String, Object> settings = Map.of("bootstrap.servers", "127.0.0.1:" + kafkaPort(context),
                "enable.idempotence", false);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 10; i++) {
                assertThat(producer.send(new ProducerRecord<>("events", "v" + i)).get().offset()).isEqualTo(i);
            }
        }
        assertThat(readAll(kafkaPort(context), "events", 10)).hasSize(10).endsWith("v9");
        assertThat(get(context, "/actuator/prometheus").body()).contains("millrace_broker_append_size_bytes_total",
                "millrace_broker_requests_total{api=\"Produce\"}", "millrace_broker_leaders 1.0");
        context.close();
        assertThat(sql.sql("select lease_expires_at <= clock_timestamp() from metadata.broker where id = 0").query(
                Boolean.class).single()).isTrue();

        ConfigurableApplicationContext again = start(0, 0);
        unfence(0);
        eventually().until(() -> get(again, "/actuator/health/readiness").statusCode() == 200);
        assertThat(readAll(kafkaPort(again), "events", 10)).hasSize(10);
    }

    @Test
    void it_serves_on_while_postgresql_is_away() throws Exception {
        ConfigurableApplicationContext context = start(1, 0);
        unfence(1);
        createTopic("away", 1);
        eventually().until(() -> get(context, "/actuator/health/readiness").statusCode() == 200
                && context.getBean(ClusterImages.class).current().topic("away") != null);
        POSTGRES.stop();
        try {
            Map<String, Object> settings = Map.of("bootstrap.servers", "127.0.0.1:" + kafkaPort(context),
                    "enable.idempotence", false);
            try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
                assertThat(producer.send(new ProducerRecord<>("away", "stored")).get().offset()).isZero();
            }
            assertThat(readAll(kafkaPort(context), "away", 1)).containsExactly("stored");
        } finally {
            POSTGRES.start();
        }
    }

    @Test
    void one_that_was_removed_while_it_stood_still_serves_no_more_and_ends_with_a_code_of_its_own() throws Exception {
        ConfigurableApplicationContext context = start(6, 0);
        context.getBean(Broker.class).stop();
        var exitCode = new CompletableFuture<Integer>();
        var broker = new Broker(context.getBean(Broker.Settings.class),
                new Broker.Environment(context.getBean(ClusterImages.class), context.getBean(PostgresConnections.class),
                        context.getBean(ServiceClients.class), context.getBean(AutoCreation.class), context.getBean(
                                MetadataWrites.class), context.getBean(
                                        LogReports.class), () -> 1, exitCode::complete),
                new BrokerMeters());
        broker.start();
        try {
            unfence(6);
            Broker.Running running = broker.running();
            if (running == null) {
                throw new AssertionError("the broker does not run");
            }

            change("update metadata.broker set removed = true, ready = false, fenced = true, "
                    + "lease_expires_at = clock_timestamp() - interval '1 minute', version = :version where id = ?", 6);

            assertThat(exitCode.get(60, TimeUnit.SECONDS)).isEqualTo(4);
            assertThat(running.server().isOpen()).isFalse();
        } finally {
            broker.stop();
        }
    }

    @Test
    void a_taken_kafka_port_ends_the_start_with_its_name() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> start(2, taken.getLocalPort())).rootCause().hasMessageContaining("in use");
            assertThatThrownBy(() -> start(2, taken.getLocalPort())).hasStackTraceContaining(
                    "BrokerStartException: cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void a_data_directory_of_another_broker_is_refused() {
        start(3, 0).close();
        started.clear();
        assertThat(folder.resolve("broker-3").toFile().renameTo(folder.resolve("broker-4").toFile())).isTrue();

        assertThatThrownBy(() -> start(4, 0)).hasStackTraceContaining("holds data of broker 3");
    }

    @Test
    void a_frame_that_is_none_ends_its_connection_and_the_service_lives() throws Exception {
        ConfigurableApplicationContext context = start(5, 0);
        try (var socket = new java.net.Socket(InetAddress.getLoopbackAddress(), kafkaPort(context))) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
        }
        assertThat(get(context, "/actuator/health/liveness").statusCode()).isEqualTo(200);
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }
}
