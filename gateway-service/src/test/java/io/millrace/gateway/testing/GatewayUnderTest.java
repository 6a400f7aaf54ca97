package io.millrace.gateway.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.gateway.GatewayService;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A whole gateway on free ports, in front of brokers and services in memory. */
public final class GatewayUnderTest implements AutoCloseable {
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(90);
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String MANAGEMENT = "management";

    public final FakeImages images;
    public final FakeBrokers brokers;
    /** The first of the brokers. */
    public final FakeBroker broker;
    public final FakeServices services;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration
            .ofSeconds(5)).build();
    private final ConfigurableApplicationContext context;
    private @Nullable ApplicationContext management;
    private final int brokerPort;

    private GatewayUnderTest(FakeImages images, FakeBrokers brokers, FakeServices services, boolean isListening,
            String... settings) {
        this.images = images;
        this.brokers = brokers;
        this.broker = brokers.first;
        this.services = services;
        this.brokerPort = isListening ? broker.listen() : 1;
        if (isListening) {
            images.broker(0, brokerPort, false);
            images.broker(1, 1, true);
        }
        var application = new SpringApplication(GatewayService.class, Fakes.class);
        ApplicationContextInitializer<GenericApplicationContext> fakes = it -> {
            it.registerBean("fakeImages", FakeImages.class, () -> images);
            it.registerBean("fakeServices", FakeServices.class, () -> services);
            if (!isListening) {
                it.registerBean("fakeBrokers", FakeBrokers.class, () -> brokers, definition -> definition.setPrimary(
                        true));
            }
        };
        application.addInitializers(fakes);
        ApplicationListener<WebServerInitializedEvent> managementStarted = event -> {
            if (MANAGEMENT.equals(event.getApplicationContext().getServerNamespace())) {
                management = event.getApplicationContext();
            }
        };
        application.addListeners(managementStarted);
        context = application.run(Stream.concat(Stream.of("server.port=0", "management.server.port=0",
                "spring.main.banner-mode=off",
                "spring.autoconfigure.exclude="
                        + "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration,"
                        + "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration,"
                        + "io.millrace.common.database.DatabaseAutoConfiguration"),
                Arrays.stream(settings)).map(setting -> "--" + setting).toArray(String[]::new));
    }

    /** Over brokers that are reached by a call. @param settings as {@code name=value} */
    public static GatewayUnderTest start(String... settings) {
        var images = new FakeImages();
        return new GatewayUnderTest(images, new FakeBrokers(images), new FakeServices(images), false, settings);
    }

    /** Over broker 0 alone, reached through its real listener. @param settings as {@code name=value} */
    public static GatewayUnderTest startOverWire(String... settings) {
        var images = new FakeImages();
        return new GatewayUnderTest(images, new FakeBrokers(images), new FakeServices(images), true, settings);
    }

    /** A second one in front of the same cluster, reached by calls. */
    public GatewayUnderTest another(String... settings) {
        return new GatewayUnderTest(images, brokers, services, false, settings);
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    public JsonNode json(Answer answer) {
        return answer.json();
    }

    /** Shuts the gateway down as the end of its process would. */
    public void stop() {
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    static class Fakes {
        @Bean
        HealthIndicator imageHealthIndicator() {
            return () -> Health.up().build();
        }
    }

    /** The broker as the image shows it, or as one that is away. */
    public void brokerFenced(boolean fenced) {
        images.broker(0, brokerPort, fenced);
    }

    public int port() {
        return port("local.server.port");
    }

    public int managementPort() {
        return port("local.management.port");
    }

    private int port(String property) {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty(property));
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    /** All of the type, those of the management port left out. */
    public <T> Collection<T> beans(Class<T> type) {
        return context.getBeansOfType(type).values();
    }

    /** Of the clients' port. */
    public ApplicationContext context() {
        return context;
    }

    /** Of the management port. */
    public ApplicationContext managementContext() {
        return Objects.requireNonNull(management, "the management port has not been opened");
    }

    /** Creates a topic over HTTP. */
    public void createTopic(String name, int partitions) {
        Answer answer = send("POST", "/admin/topics", "{\"topic_name\":\"" + name + "\",\"partitions_count\":"
                + partitions + "}");
        if (answer.status() != 201) {
            throw new IllegalStateException(answer.toString());
        }
    }

    public Answer get(String path, String... headers) {
        return sendFrom("GET", path, HttpRequest.BodyPublishers.noBody(), headers);
    }

    public Answer send(String method, String path, @Nullable String body, String... headers) {
        return sendFrom(method, path, body == null ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(body), headers);
    }

    public Answer sendFrom(String method, String path, HttpRequest.BodyPublisher body, String... headers) {
        var request = HttpRequest.newBuilder(uri(path)).method(method, body).timeout(LONGEST_ANSWER);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    public Answer send(HttpRequest request) {
        try {
            HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            return new Answer(response.statusCode(), response.headers().map().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, entry -> String.join(", ", entry.getValue()))),
                    new String(response.body(), UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes bytes to the port as they are, and returns all that comes back until the connection ends. */
    public String raw(String request) throws IOException {
        try (var socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(UTF_8));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    public record Answer(int status, Map<String, String> headers, String body) {
        public JsonNode json() {
            return JSON.readTree(body);
        }

        public String header(String name) {
            return headers.entrySet().stream().filter(entry -> entry.getKey().equalsIgnoreCase(name)).map(
                    Map.Entry::getValue).findFirst()
                    .orElse("");
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        stop();
        broker.close();
    }
}
