package io.millrace.workbench.torture;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Ports;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.torture.proxy.ConnectionOwners;
import io.millrace.workbench.torture.proxy.FaultProxy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A suite in which every process reaches every other through a proxy: each listens on 127.0.0.1 and is known to the others at the same port
 * of 127.0.0.2, where its proxy listens. Gateways, which only the workload calls, have none.
 */
final class TorturedSuite implements AutoCloseable {
    static final String POSTGRES = "postgres";
    private static final String PROXIES = "127.0.0.2";
    /** Generous: a dozen processes start at once, perhaps beside other busy ones. How long it takes proves nothing. */
    private static final Duration READY_TIMEOUT = Duration.ofMinutes(5);

    private final Suite suite;
    private final SuiteSize size;
    private final Ports ports;
    private final Map<String, List<FaultProxy>> proxies = new LinkedHashMap<>();

    private TorturedSuite(Suite suite) {
        this.suite = suite;
        this.size = suite.settings().size();
        this.ports = suite.settings().ports();
    }

    static TorturedSuite start(
            Path data,
            Map<String, String> environment,
            SuiteSize size,
            Progress progress)
            throws IOException, InterruptedException {
        Ports ports = FreePorts.find(size, RandomGenerator.getDefault());
        Suite suite = Suite.prepare(new SuiteSettings(SuiteSettings.projectRoot(), new SuiteDirectories(data), size,
                ports,
                environment, wiring(size, ports), READY_TIMEOUT), progress);
        TorturedSuite tortured = new TorturedSuite(suite);
        try {
            tortured.placeProxies();
            suite.start();
            return tortured;
        } catch (IOException | InterruptedException | RuntimeException e) {
            tortured.close();
            throw e;
        }
    }

    private static Map<String, Map<String, String>> wiring(SuiteSize size, Ports ports) {
        Map<String, String> everyone = new HashMap<>();
        everyone.put("MILLRACE_POSTGRES_URL", "jdbc:postgresql://" + PROXIES + ":" + ports.postgres() + "/millrace");
        everyone.put("MILLRACE_OFFSET_URL", IntStream.range(0, size.offsets())
                .mapToObj(index -> "http://" + PROXIES + ":" + ports.offset(index))
                .collect(Collectors.joining(",")));
        Map<String, String> advertised = new HashMap<>(everyone);
        advertised.put("MILLRACE_ADVERTISED_HOST", PROXIES);
        Map<String, Map<String, String>> wiring = new HashMap<>();
        IntStream.range(0, size.brokers()).forEach(broker -> wiring.put("broker-" + broker, advertised));
        IntStream.range(0, size.coordinators())
                .forEach(index -> wiring.put(SuiteSize.name("coordinator", index), advertised));
        IntStream.range(0, size.gateways()).forEach(index -> wiring.put(SuiteSize.name("gateway", index), everyone));
        IntStream.range(0, size.offsets()).forEach(index -> wiring.put(SuiteSize.name("offset", index), everyone));
        return wiring;
    }

    private void placeProxies() throws IOException {
        place(POSTGRES, ports.postgres());
        for (int broker = 0; broker < size.brokers(); broker++) {
            place("broker-" + broker, ports.brokerKafka(broker));
            place("broker-" + broker, ports.brokerHttp(broker));
        }
        for (int index = 0; index < size.coordinators(); index++) {
            place(SuiteSize.name("coordinator", index), ports.coordinator(index));
            place(SuiteSize.name("coordinator", index), ports.coordinatorKafka(index));
        }
        for (int index = 0; index < size.offsets(); index++) {
            place(SuiteSize.name("offset", index), ports.offset(index));
        }
    }

    private void place(String target, int port) throws IOException {
        try {
            proxies.computeIfAbsent(target, ignored -> new ArrayList<>())
                    .add(new FaultProxy(new InetSocketAddress(PROXIES, port),
                            new InetSocketAddress(SuiteSettings.LOOPBACK, port), new ConnectionOwners(suite::pids)));
        } catch (IOException e) {
            throw new LaunchRefusedException("nothing can listen on " + PROXIES + ":" + port + " (" + e.getMessage()
                    + "); on macOS, \"sudo ifconfig lo0 alias " + PROXIES + "\" adds the address");
        }
    }

    Suite suite() {
        return suite;
    }

    /** The proxies before a process. */
    List<FaultProxy> proxies(String target) {
        return proxies.get(target);
    }

    void heal() {
        proxies.values().stream().flatMap(Collection::stream).forEach(FaultProxy::heal);
    }

    /** Through the proxies. */
    String bootstrapServers() {
        return IntStream.range(0, size.brokers()).mapToObj(broker -> PROXIES + ":" + ports.brokerKafka(broker))
                .collect(Collectors.joining(","));
    }

    /** Past the proxies. */
    List<InetSocketAddress> brokers() {
        return IntStream.range(0, size.brokers())
                .mapToObj(broker -> new InetSocketAddress(SuiteSettings.LOOPBACK, ports.brokerKafka(broker))).toList();
    }

    @Override
    public void close() throws IOException {
        heal();
        try {
            suite.close();
        } finally {
            proxies.values().stream().flatMap(Collection::stream).forEach(FaultProxy::close);
        }
    }
}
