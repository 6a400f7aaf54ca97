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
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A whole gateway on free ports over one broker in memory, reached through its real listener, and a controller in memory. */
public final class GatewayUnderTest implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    public final FakeImages images = new FakeImages();
    public final FakeBroker broker = new FakeBroker();
    public final FakeClients clients = new FakeClients(images, broker);
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final ConfigurableApplicationContext context;
    private final int brokerPort;

    /** @param settings on top of, or in place of, those of application.yml */
    public GatewayUnderTest(Map<String, Object> settings) {
        brokerPort = broker.listen();
        images.broker(0, brokerPort, false);
        var application = new SpringApplication(GatewayService.class, Fakes.class);
        Map<String, Object> all = new HashMap<>(Map.of(
                "server.port", "0",
                "management.server.port", "0",
                "spring.autoconfigure.exclude",
                "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration,"
                        + "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration"));
        all.putAll(settings);
        application.addInitializers(context -> {
            context.getBeanFactory().registerSingleton("fakeImages", images);
            context.getBeanFactory().registerSingleton("fakeClients", clients);
        });
        String[] arguments = all.entrySet().stream().map(entry -> "--" + entry.getKey() + "=" + entry.getValue())
                .toArray(String[]::new);
        context = application.run(arguments);
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

    /** Creates a topic over HTTP. */
    public void createTopic(String name, int partitions) {
        Answer answer = send("POST", "/admin/topics", "{\"topic_name\":\"" + name + "\",\"partitions_count\":"
                + partitions + "}");
        if (answer.status() != 201) {
            throw new IllegalStateException(answer.toString());
        }
    }

    public Answer get(String path, String... headers) {
        return send("GET", path, HttpRequest.BodyPublishers.noBody(), headers);
    }

    public Answer send(String method, String path, String body, String... headers) {
        return send(method, path, body == null ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(body), headers);
    }

    public Answer send(String method, String path, HttpRequest.BodyPublisher body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path)).method(method, body)
                .timeout(Duration.ofSeconds(40));
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
        context.close();
        http.close();
        broker.close();
    }
}
