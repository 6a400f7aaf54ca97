package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Suite;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What a newcomer opens first. */
@WithSteadySuite
class SurfaceIT {
    private final Suite suite;
    private final Gateway gateway;

    SurfaceIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void swagger_ui_is_served() throws Exception {
        HttpResponse<String> page = Gateway.http().send(
                HttpRequest.newBuilder(gateway.uri("/swagger-ui/index.html")).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("swagger-ui");
        HttpResponse<Void> front = Gateway.http().send(HttpRequest.newBuilder(gateway.uri("/swagger-ui.html")).build(),
                HttpResponse.BodyHandlers.discarding());
        assertThat(front.statusCode()).isEqualTo(302);
    }

    @Test
    void the_openapi_document_names_the_api() throws Exception {
        JsonNode document = gateway.get("/v3/api-docs").expect(200).body();
        assertThat(document.get("paths").propertyNames()).contains("/topics", "/admin/topics", "/topics/{topic}",
                "/consumers/{group}", "/topics/{topic}/events");
    }

    @Test
    void every_service_shows_prometheus_metrics() throws Exception {
        for (String name : suite.names()) {
            if (suite.managementUrl(name) instanceof String url) {
                HttpResponse<String> metrics = Gateway.http().send(
                        HttpRequest.newBuilder(URI.create(url + "/actuator/prometheus")).build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(metrics.statusCode()).as(name).isEqualTo(200);
                assertThat(metrics.body()).as(name).contains("jvm_memory_used_bytes").contains("millrace_");
            }
        }
    }
}
