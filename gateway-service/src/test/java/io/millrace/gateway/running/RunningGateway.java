package io.millrace.gateway.running;

import io.millrace.gateway.GatewayService;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The gateway itself, on a free port, in front of fakes. */
public final class RunningGateway implements AutoCloseable {
    public final FakeImages images;
    public final FakeBrokers brokers;
    public final FakeServices services;
    private final ConfigurableApplicationContext context;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final JsonMapper json = JsonMapper.builder().build();

    private RunningGateway(FakeImages images, FakeBrokers brokers, FakeServices services, String... properties) {
        this.images = images;
        this.brokers = brokers;
        this.services = services;
        var application = new SpringApplication(GatewayService.class);
        ApplicationContextInitializer<GenericApplicationContext> fakes = it -> {
            it.registerBean("fakeImages", FakeImages.class, () -> images);
            it.registerBean("fakeServices", FakeServices.class, () -> services);
            it.registerBean("fakeBrokers", FakeBrokers.class, () -> brokers, definition -> definition.setPrimary(true));
        };
        application.addInitializers(fakes);
        context = application.run(Stream.concat(Stream.of("--server.port=0", "--management.server.port=0",
                "--spring.main.banner-mode=off", "--management.endpoint.health.validate-group-membership=false",
                "--spring.autoconfigure.exclude="
                        + "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration,"
                        + "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration,"
                        + "io.millrace.common.database.DatabaseAutoConfiguration"),
                Arrays.stream(properties).map(property -> "--" + property)).toArray(String[]::new));
    }

    /** @param properties as {@code name=value} */
    public static RunningGateway start(String... properties) {
        var images = new FakeImages();
        return new RunningGateway(images, new FakeBrokers(images), new FakeServices(images), properties);
    }

    /** A second one in front of the same cluster. */
    public RunningGateway another(String... properties) {
        return new RunningGateway(images, brokers, services, properties);
    }

    public int port() {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    /** @param headers name, value, name, value ... */
    public HttpResponse<String> send(String method, String path, @Nullable String body, String... headers) {
        var request = HttpRequest.newBuilder(uri(path)).method(method, body == null ? BodyPublishers.noBody()
                : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public JsonNode json(HttpResponse<String> response) {
        return json.readTree(response.body());
    }

    /** Shuts the gateway down as the end of its process would. */
    public void stop() {
        context.close();
    }

    @Override
    public void close() {
        client.shutdownNow();
        stop();
    }
}
