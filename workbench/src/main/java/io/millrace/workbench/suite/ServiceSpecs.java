package io.millrace.workbench.suite;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How each of the four services is started: its jar, its memory and its environment. */
final class ServiceSpecs {
    /** Longer than any service takes by its own settings: a broker hands over, ends its requests, and waits for PostgreSQL. */
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
    private static final List<String> MODULES = List.of("offset-service", "coordinator-service", "gateway-service",
            "broker-service");

    private final SuiteSettings settings;
    private final String postgresUrl;
    private final Map<String, ServiceJar> jars;
    private final SortedSet<Integer> brokers;

    private ServiceSpecs(SuiteSettings settings, String postgresUrl, Map<String, ServiceJar> jars) {
        this.settings = settings;
        this.postgresUrl = postgresUrl;
        this.jars = jars;
        this.brokers = BrokerIds.pick(settings.directories().brokersWithData(), settings.size().brokers());
    }

    /** Lays the jars out, which takes a moment after a build. */
    static ServiceSpecs prepare(SuiteSettings settings, String postgresUrl) throws IOException, InterruptedException {
        Map<String, Future<ServiceJar>> laidOut = new LinkedHashMap<>();
        try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String module : MODULES) {
                Callable<ServiceJar> layOut = () -> ServiceJar.layOut(module, settings.home(), SuiteSettings.java());
                laidOut.put(module, each.submit(layOut));
            }
        }
        Map<String, ServiceJar> jars = new HashMap<>();
        for (Map.Entry<String, Future<ServiceJar>> module : laidOut.entrySet()) {
            jars.put(module.getKey(), join(module.getValue()));
        }
        return new ServiceSpecs(settings, postgresUrl, Map.copyOf(jars));
    }

    private static ServiceJar join(Future<ServiceJar> laidOut) throws IOException, InterruptedException {
        try {
            return laidOut.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case LaunchRefusedException refused -> throw refused;
                case IOException failed -> throw failed;
                default -> throw new IllegalStateException(e);
            }
        }
    }

    List<ServiceSpec> all() {
        List<ServiceSpec> specs = new ArrayList<>();
        SuiteSize size = settings.size();
        IntStream.range(0, size.offsets()).mapToObj(this::offset).forEach(specs::add);
        IntStream.range(0, size.coordinators()).mapToObj(this::coordinator).forEach(specs::add);
        brokers.stream().map(this::broker).forEach(specs::add);
        IntStream.range(0, size.gateways()).mapToObj(this::gateway).forEach(specs::add);
        return List.copyOf(specs);
    }

    /** One start of each service that has no ahead-of-time cache yet. */
    List<AotTraining.Untrained> untrained() {
        Map<String, ServiceSpec> starts = Map.of("offset-service", offset(0), "coordinator-service",
                coordinator(0), "broker-service", broker(brokers.first()), "gateway-service", gateway(0));
        return MODULES.stream()
                .filter(module -> jars.get(module).isWorthTraining())
                .map(module -> new AotTraining.Untrained(jars.get(module), starts.get(module)))
                .toList();
    }

    private ServiceSpec offset(int index) {
        int port = settings.ports().offset(index);
        return service(SuiteSize.name("offset", index), "offset-service", "192m", Map.of("MILLRACE_OFFSET_HTTP_PORT",
                text(port)),
                List.of(port), port, port, null);
    }

    private ServiceSpec coordinator(int index) {
        int port = settings.ports().coordinator(index);
        int kafka = settings.ports().coordinatorKafka(index);
        Map<String, String> environment = Map.of(
                "MILLRACE_COORDINATOR_HTTP_PORT", text(port),
                "MILLRACE_COORDINATOR_KAFKA_PORT", text(kafka));
        return service(SuiteSize.name("coordinator", index), "coordinator-service", "256m", environment,
                List.of(port, kafka), port, port, settings.reachableHost() + ":" + kafka);
    }

    ServiceSpec broker(int broker) {
        int http = settings.ports().brokerHttp(broker);
        int kafka = settings.ports().brokerKafka(broker);
        Map<String, String> environment = Map.of(
                "MILLRACE_BROKER_ID", text(broker),
                "MILLRACE_BROKER_HTTP_PORT", text(http),
                "MILLRACE_BROKER_KAFKA_PORT", text(kafka),
                "MILLRACE_DATA_DIR", settings.directories().broker(broker).toString());
        return service("broker-" + broker, "broker-service", "512m", environment, List.of(http, kafka), http, http,
                settings.reachableHost() + ":" + kafka);
    }

    private ServiceSpec gateway(int index) {
        int port = settings.ports().gateway(index);
        int management = settings.ports().gatewayManagement(index);
        Map<String, String> environment = Map.of(
                "MILLRACE_GATEWAY_PORT", text(port),
                "MILLRACE_GATEWAY_MANAGEMENT_PORT", text(management));
        return service(SuiteSize.name("gateway", index), "gateway-service", "768m", environment,
                List.of(port, management), port, management, null);
    }

    private ServiceSpec service(
            String name,
            String module,
            String heap,
            Map<String, String> own,
            List<Integer> ports,
            int httpPort,
            int managementPort,
            @Nullable String kafka) {
        Map<String, String> environment = new HashMap<>();
        settings.environment().forEach((key, value) -> {
            if (key.startsWith("MILLRACE_")) {
                environment.put(key, value);
            }
        });
        String host = settings.reachableHost();
        environment.putIfAbsent("MILLRACE_BIND_HOST", SuiteSettings.LOOPBACK);
        environment.putIfAbsent("MILLRACE_ADVERTISED_HOST", host);
        environment.put("MILLRACE_POSTGRES_URL", postgresUrl);
        environment.put("MILLRACE_POSTGRES_USER", settings.postgresUser());
        environment.put("MILLRACE_POSTGRES_PASSWORD", settings.postgresPassword());
        environment.put("MILLRACE_OFFSET_URL", IntStream.range(0, settings.size().offsets())
                .mapToObj(index -> "http://" + host + ":" + settings.ports().offset(index))
                .collect(Collectors.joining(",")));
        environment.putAll(logging(name));
        environment.putAll(own);
        environment.putAll(settings.ofOne().getOrDefault(name, Map.of()));
        return new ServiceSpec(name, command(name, jars.get(module), heap), Map.copyOf(environment),
                settings.directories().log(name), settings.directories().console(name), host, ports,
                "http://" + host + ":" + httpPort, kafka,
                URI.create("http://" + host + ":" + managementPort + "/actuator/health/readiness"), STOP_PATIENCE);
    }

    /** Into its own rolled file; what comes before logging begins goes to the console file. */
    private Map<String, String> logging(String name) {
        return Map.of(
                "LOGGING_FILE_NAME", settings.directories().log(name).toString(),
                "LOGGING_LOGBACK_ROLLINGPOLICY_MAX_FILE_SIZE", "20MB",
                "LOGGING_LOGBACK_ROLLINGPOLICY_MAX_HISTORY", "3",
                "LOGGING_LOGBACK_ROLLINGPOLICY_TOTAL_SIZE_CAP", "100MB",
                "LOGGING_THRESHOLD_CONSOLE", "OFF",
                "SPRING_MAIN_BANNER_MODE", "off");
    }

    private List<String> command(String name, ServiceJar jar, String heap) {
        List<String> command = new ArrayList<>();
        command.add(SuiteSettings.java().toString());
        command.add("-Xmx" + heap);
        command.add("-XX:+UseCompactObjectHeaders");
        command.add("-XX:+ExitOnOutOfMemoryError");
        command.add("-XX:ErrorFile=" + settings.directories().logs().resolve(name + "-crash.log"));
        command.add("--enable-native-access=ALL-UNNAMED");
        if (Files.isRegularFile(jar.aotCache())) {
            command.add("-XX:AOTCache=" + jar.aotCache());
            command.add("-Xlog:aot=off"); // one that does not fit these options is left aside without a word
        }
        String options = settings.environment().getOrDefault("MILLRACE_JAVA_OPTIONS", "").strip();
        if (!options.isEmpty()) {
            command.addAll(List.of(options.split("\\s+")));
        }
        command.add("-jar");
        command.add(jar.jar().toString());
        return List.copyOf(command);
    }

    private static String text(int number) {
        return Integer.toString(number);
    }
}
