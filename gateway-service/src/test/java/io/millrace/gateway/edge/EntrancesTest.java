package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import jakarta.servlet.ServletContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.apache.catalina.Container;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.web.context.WebApplicationContext;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.handler.AbstractUrlHandlerMapping;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;
import org.springframework.web.servlet.resource.ResourceHttpRequestHandler;

/**
 * Every way in which a request can be answered. {@link OpenApiDocumentTest} compares the handlers of {@code @RequestMapping} with the document,
 * and each documented operation is tried on a running suite; what else can answer is listed here by name, so that nothing new is
 * overlooked by either.
 */
class EntrancesTest {
    /** Of both ports, and why no operation is hidden there. */
    private static final Map<String, String> SPRINGS = Map.of(
            "mapping requestMappingHandlerMapping", "compared with the document, or with what is listed below",
            "mapping resourceHandlerMapping", "files alone: the page that shows the document",
            "mapping routerFunctionMapping", "has no routes",
            "mapping beanNameHandlerMapping", "has no beans",
            "filter Tomcat WebSocket (JSR356) Filter", "there is no web socket",
            "valve NonLoginAuthenticator", "lets everything pass");

    private static final Map<String, String> OF_CLIENTS = Map.of(
            "servlet dispatcherServlet /", "Spring's own",
            "filter produceFastPath", "POST /topics/{topic}, which has a handler too; each is tried on a running suite",
            "filter bodyLimitFilter", "refuses",
            "filter characterEncodingFilter", "answers nothing",
            "filter requestContextFilter", "answers nothing",
            "mapping healthEndpointWebMvcHandlerMapping", "/healthy and /ready, compared with the document",
            "valve JsonErrorReportValve", "what Tomcat refuses",
            "valve ConnectionValve", "answers nothing",
            "mapping welcomePageHandlerMapping", "there is no such page",
            "mapping welcomePageNotAcceptableHandlerMapping", "there is no such page");

    private static final Map<String, String> OF_MANAGEMENT = Map.of(
            "servlet dispatcherServletRegistration /", "Spring's own",
            "servlet metricsServlet /metrics", "what /actuator/prometheus answers",
            "mapping handlerMapping", "asks the other mappings",
            "mapping controllerEndpointHandlerMapping", "no endpoint has controllers of its own",
            "mapping managementHealthEndpointWebMvcHandlerMapping", "/healthy and /ready, listed below",
            "mapping webEndpointServletHandlerMapping", "Actuator's endpoints, listed below");

    private static final Set<String> MANAGEMENT_PATHS = Set.of("ANY /error", "GET /actuator", "GET /actuator/health",
            "GET /actuator/health/**", "GET /actuator/info", "GET /actuator/metrics",
            "GET /actuator/metrics/{requiredMetricName}", "GET /actuator/prometheus", "GET /healthy", "GET /ready");

    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void nothing_answers_clients_but_what_is_compared_with_the_document_and_these() {
        assertThat(entrances(gateway.context())).isEqualTo(both(SPRINGS, OF_CLIENTS));
    }

    @Test
    void nothing_answers_on_the_management_port_but_these() {
        assertThat(entrances(gateway.managementContext())).isEqualTo(both(SPRINGS, OF_MANAGEMENT));
        assertThat(OpenApiDocumentTest.handled(gateway.managementContext())).containsExactlyInAnyOrderElementsOf(
                MANAGEMENT_PATHS);
    }

    @Test
    void there_are_no_functional_routes() {
        assertThat(gateway.context().getBeansOfType(RouterFunction.class)).isEmpty();
        assertThat(gateway.managementContext().getBeansOfType(RouterFunction.class)).isEmpty();
    }

    private static Set<String> both(Map<String, String> these, Map<String, String> those) {
        var both = new TreeSet<>(these.keySet());
        both.addAll(those.keySet());
        return both;
    }

    private static Set<String> entrances(ApplicationContext context) {
        var entrances = new TreeSet<String>();
        context.getBeansOfType(HandlerMapping.class).forEach((name, mapping) -> {
            entrances.add("mapping " + name);
            if (mapping instanceof AbstractUrlHandlerMapping byPath) {
                handlers(byPath).forEach(handler -> entrances.add("handler " + handler));
            } else if (mapping instanceof RequestMappingInfoHandlerMapping byRequest) {
                assertThat(OpenApiDocumentTest.handled(context)).as(name).containsAll(OpenApiDocumentTest.handled(
                        byRequest));
            }
        });
        ServletContext servlets = Objects.requireNonNull(((WebApplicationContext) context).getServletContext());
        servlets.getServletRegistrations().forEach((name, servlet) -> servlet.getMappings().forEach(path -> entrances
                .add("servlet " + name + " " + path)));
        servlets.getFilterRegistrations().keySet().forEach(name -> entrances.add("filter " + name));
        valves(((TomcatWebServer) ((WebServerApplicationContext) context).getWebServer()).getTomcat().getEngine())
                .forEach(valve -> entrances.add("valve " + valve));
        return entrances;
    }

    /** Those that are found by path alone, without files. */
    private static List<String> handlers(AbstractUrlHandlerMapping mapping) {
        var handlers = new ArrayList<String>();
        mapping.getHandlerMap().forEach((path, handler) -> {
            if (!(handler instanceof ResourceHttpRequestHandler)) {
                handlers.add(path + " " + handler);
            }
        });
        if (mapping.getRootHandler() != null) {
            handlers.add("/ " + mapping.getRootHandler());
        }
        if (mapping.getDefaultHandler() != null) {
            handlers.add("else " + mapping.getDefaultHandler());
        }
        return handlers;
    }

    /** Without those that every container of Tomcat has. */
    private static Set<String> valves(Container container) {
        var valves = new TreeSet<String>();
        for (var valve : container.getPipeline().getValves()) {
            String name = valve.getClass().getSimpleName();
            if (!name.startsWith("Standard") && !name.equals("ErrorReportValve")) {
                valves.add(name);
            }
        }
        for (Container child : container.findChildren()) {
            valves.addAll(valves(child));
        }
        return valves;
    }
}
