package io.millrace.gateway.edge;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;

/**
 * {@code /metrics} on the management port, where Prometheus looks if not told otherwise. Named in the management context's imports and
 * therefore no {@code @Configuration}: the scan would make it part of the client port as well.
 */
class MetricsAtManagementRoot {
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    @Bean
    ServletRegistrationBean<HttpServlet> metricsServlet(PrometheusMeterRegistry registry) {
        return new ServletRegistrationBean<>(new Scrape(registry), "/metrics");
    }

    private static final class Scrape extends HttpServlet {
        private static final long serialVersionUID = 1L;

        private final transient PrometheusMeterRegistry registry;

        private Scrape(PrometheusMeterRegistry registry) {
            this.registry = registry;
        }

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setContentType(PROMETHEUS_TEXT);
            registry.scrape(response.getOutputStream(), PROMETHEUS_TEXT);
        }
    }
}
