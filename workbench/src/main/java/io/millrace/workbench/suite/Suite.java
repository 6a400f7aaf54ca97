package io.millrace.workbench.suite;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One suite: PostgreSQL and every service, each a process of its own. Whoever holds the lock in its data directory is its supervisor.
 * Calls are made by one thread at a time.
 */
public final class Suite implements AutoCloseable, Supervised, OpenRequests.Brokers {
    private static final long POLL_MS = 50;
    private static final int LAST_WORDS_LINES = 15;

    private final SuiteSettings settings;
    private final Progress progress;
    private final FileChannel lock;
    private final @Nullable PostgresCluster postgres;
    private final Map<String, ServiceSpec> specs = new LinkedHashMap<>();
    private final Map<String, RunningService> running = new ConcurrentHashMap<>();
    /** Those of the running that are being ended for good. */
    private final Set<String> leaving = new HashSet<>();
    private final OpenRequests requests;
    private final ServiceSpecs services;
    private final AotTraining training;
    private RunState.Phase phase = RunState.Phase.STARTING;

    private Suite(SuiteSettings settings, Progress progress, FileChannel lock)
            throws IOException, InterruptedException {
        this.settings = settings;
        this.progress = progress;
        this.lock = lock;
        this.postgres = settings.usesOwnPostgres() ? null
                : new PostgresCluster(settings.directories(),
                        PostgresBinaries.unpack(settings.home().resolve("workbench/target/postgres"), progress),
                        settings.ports().postgres(), settings.postgresUser(), settings.postgresPassword());
        this.services = ServiceSpecs.prepare(settings, postgres == null
                ? settings.environment().get("MILLRACE_POSTGRES_URL")
                : postgres.url());
        if (postgres != null) {
            specs.put(PostgresCluster.NAME, postgres.spec());
        }
        for (ServiceSpec spec : services.all()) {
            specs.put(spec.name(), spec);
        }
        this.requests = new OpenRequests(settings.directories().requests(), this, progress);
        this.training = new AotTraining(settings, services.untrained());
    }

    /**
     * Takes the data directory, ends what an earlier launcher left running on it, and makes sure that every port is free. Nothing is
     * started yet.
     */
    public static Suite prepare(SuiteSettings settings, Progress progress) throws IOException, InterruptedException {
        SuiteDirectories directories = settings.directories();
        directories.create();
        FileChannel lock = lock(directories);
        try {
            bound(directories.launcherLog(), progress);
            Leftovers.end(directories, progress);
            AotTraining.forgetScratch(directories);
            OpenRequests.forget(directories);
            Suite suite = new Suite(settings, progress, lock);
            PortOwner.refuseTaken(suite.specs.values());
            return suite;
        } catch (IOException | InterruptedException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Makes every later start quicker, once after a build, with nothing but PostgreSQL running: takes some seconds, which pay from the
     * second suite on.
     */
    public static void prepareQuickerStarts(SuiteSettings settings, Progress progress)
            throws IOException, InterruptedException {
        try (Suite suite = prepare(settings, progress)) {
            if (suite.postgres != null && suite.training.isNeeded()) {
                suite.postgres.initialise(progress);
                suite.start(PostgresCluster.NAME);
                suite.awaitReady(settings.readyTimeout(), PostgresCluster.NAME);
                suite.training.run(false, progress);
            }
        }
    }

    private static FileChannel lock(SuiteDirectories directories) throws IOException {
        FileChannel channel = FileChannel.open(directories.lockFile(), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock taken = null;
        try {
            taken = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // another suite of this very process
        }
        if (taken == null) {
            channel.close();
            String by = RunState.read(directories).map(RunState::supervisor)
                    .map(supervisor -> " (pid " + supervisor.pid() + ")").orElse("");
            throw new LaunchRefusedException("a suite is already running on " + directories.data() + by
                    + ": see \"./millrace status\", end it with \"./millrace down\"");
        }
        return channel;
    }

    /** Starts everything and waits until all of it is ready. What fails takes the rest down with it. */
    public void start() throws IOException, InterruptedException {
        start(() -> {});
    }

    /**
     * Starts everything as {@link #start()} does.
     *
     * @param whenReady called before the state says that all is ready: who waits for the state finds done what this does
     */
    public void start(Runnable whenReady) throws IOException, InterruptedException {
        try {
            long deadline = System.nanoTime() + settings.readyTimeout().toNanos();
            phase = RunState.Phase.STARTING;
            if (postgres != null) {
                postgres.initialise(progress);
            }
            for (String name : specs.keySet()) { // none waits for another: each service waits for PostgreSQL by itself
                start(name);
            }
            awaitReady(names(), settings.readyTimeout(), deadline);
            whenReady.run();
            phase = RunState.Phase.READY;
            writeState();
        } catch (IOException | InterruptedException | RuntimeException e) {
            stop();
            throw e;
        }
    }

    /** Makes the next start quicker where that has not been done; takes a while, and nothing from what the suite does meanwhile. */
    @Override
    public void trainForQuickerStarts() throws InterruptedException {
        training.run(true, progress);
    }

    /** Starts one process that is not running; the caller waits for it with {@link #awaitReady(Duration, String...)}. */
    @Override
    public void start(String name) throws IOException {
        running.put(name, RunningService.start(spec(name)));
        writeState();
    }

    /** Waits until these processes are ready; any that dies or is not ready in time is refused with its last words. */
    public void awaitReady(Duration timeout, String... names) throws IOException, InterruptedException {
        awaitReady(List.of(names), timeout, System.nanoTime() + timeout.toNanos());
    }

    private void awaitReady(List<String> names, Duration timeout, long deadline) throws InterruptedException {
        List<String> waiting = new ArrayList<>(names);
        while (!waiting.isEmpty()) {
            for (String name : List.copyOf(waiting)) {
                RunningService service = service(name);
                if (!service.isAlive()) {
                    throw failed(name, name + " ended while it was starting");
                }
                if (isReady(name)) {
                    progress.say(name + " is ready" + spec(name).places());
                    waiting.remove(name);
                }
            }
            if (!waiting.isEmpty() && System.nanoTime() - deadline > 0) {
                throw failed(waiting.getFirst(), String.join(", ", waiting) + " not ready within "
                        + timeout.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(waiting.isEmpty() ? 0 : POLL_MS);
        }
    }

    private LaunchRefusedException failed(String name, String what) {
        ServiceSpec spec = spec(name);
        return new LaunchRefusedException(what + "; the last it said:\n  "
                + String.join("\n  ", RunningService.lastWords(spec, LAST_WORDS_LINES)) + "\nits log: " + spec.log());
    }

    /** Whether a process runs and says that it is ready. */
    public boolean isReady(String name) {
        RunningService service = running.get(name);
        if (service == null || !service.isAlive()) {
            return false;
        }
        URI readiness = spec(name).readiness();
        return Readiness.isReady(settings.directories(), service.identity().pid(),
                readiness == null ? null : readiness.toString());
    }

    /** Ends one process in an orderly way, or by force when it takes too long; answers whether it went by itself. */
    public boolean stop(String name) throws IOException, InterruptedException {
        RunningService service = running.remove(name);
        boolean orderly = service == null || service.stop(StopOrder.patience(spec(name)));
        writeState();
        return orderly;
    }

    /** SIGKILL, as a crash. */
    public void kill(String name) throws IOException, InterruptedException {
        RunningService service = running.remove(name);
        if (service != null) {
            service.kill();
        }
        writeState();
    }

    /** The pid of a running process of the suite. */
    public long pid(String name) {
        return service(name).identity().pid();
    }

    /** The pids of all processes that run, by name. */
    public Map<String, Long> pids() {
        Map<String, Long> pids = new HashMap<>();
        running.forEach((name, service) -> {
            if (service.isAlive()) {
                pids.put(name, service.identity().pid());
            }
        });
        return pids;
    }

    /**
     * Starts one broker more, with an id that none has; the caller waits for it with {@link #awaitReady(Duration, String...)}.
     *
     * @return its name
     */
    @Override
    public String addBroker() throws IOException {
        Set<Integer> taken = settings.directories().brokersWithData();
        brokers().forEach(taken::add);
        ServiceSpec spec = services.broker(BrokerIds.next(taken));
        PortOwner.refuseTaken(List.of(spec));
        specs.put(spec.name(), spec);
        try {
            start(spec.name());
        } catch (IOException e) {
            specs.remove(spec.name());
            throw e;
        }
        return spec.name();
    }

    /**
     * Begins to end a broker's process, which is not started again by itself. When it has gone, {@link #dismissBroker} takes the broker out of this
     * suite; the next one starts it again as long as it has its directory.
     *
     * @return completes when it has gone; is complete where there is none
     */
    @Override
    public CompletableFuture<Void> endBroker(int broker) {
        String name = SuiteDirectories.brokerName(broker);
        RunningService service = running.get(name);
        CompletableFuture<Void> gone = new CompletableFuture<>();
        if (service == null) {
            gone.complete(null);
            return gone;
        }
        ServiceSpec spec = spec(name);
        leaving.add(name);
        Thread.ofVirtual().name("ending " + name).start(() -> {
            try {
                service.stop(StopOrder.patience(spec));
                gone.complete(null);
            } catch (InterruptedException | RuntimeException e) {
                gone.completeExceptionally(e);
            }
        });
        return gone;
    }

    /** Takes a broker whose process has gone out of this suite. */
    @Override
    public void dismissBroker(int broker) throws IOException {
        String name = SuiteDirectories.brokerName(broker);
        running.remove(name);
        leaving.remove(name);
        specs.remove(name);
        writeState();
    }

    /** Renames the directory of a broker that is no part of this suite, so that the next one does without it, too. */
    @Override
    public void putAsideBroker(int broker) throws IOException {
        if (specs.containsKey(SuiteDirectories.brokerName(broker))) {
            throw new LaunchRefusedException("broker " + broker
                    + " is part of the suite that runs: its directory stays");
        }
        settings.directories().putAsideBroker(broker);
    }

    /** The brokers' ids. */
    private IntStream brokers() {
        return specs.keySet().stream().map(SuiteDirectories::brokerId).flatMapToInt(OptionalInt::stream);
    }

    @Override
    public boolean carryOutRequests() {
        return requests.carryOut();
    }

    /** Ends everything: the gateways first, then brokers, coordinators, offset services, PostgreSQL last. */
    public void stop() throws IOException, InterruptedException {
        phase = RunState.Phase.STOPPING;
        writeState();
        StopOrder.stop(running.values(), name -> StopOrder.patience(spec(name)), progress);
        running.clear();
        leaving.clear();
        Files.deleteIfExists(settings.directories().stateFile());
    }

    @Override
    public void close() throws IOException {
        try {
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.close();
        }
    }

    public SuiteSettings settings() {
        return settings;
    }

    /** Names of all processes, in the order in which they are started. */
    public List<String> names() {
        return List.copyOf(specs.keySet());
    }

    /** Base URL of a process's Actuator; null for PostgreSQL. */
    public @Nullable String managementUrl(String name) {
        URI readiness = spec(name).readiness();
        return readiness == null ? null : "http://" + readiness.getAuthority();
    }

    /** The first gateway's base URL. */
    public String gatewayUrl() {
        return gatewayUrls().getFirst();
    }

    /** Base URLs of all gateways; any of them serves any request. */
    public List<String> gatewayUrls() {
        return IntStream.range(0, settings.size().gateways())
                .mapToObj(index -> "http://" + settings.reachableHost() + ":" + settings.ports().gateway(index))
                .toList();
    }

    /** The brokers' Kafka listeners. */
    public String bootstrapServers() {
        return brokers().mapToObj(broker -> settings.reachableHost() + ":" + settings.ports().brokerKafka(broker))
                .collect(Collectors.joining(","));
    }

    @Override
    public Map<String, RunningService> running() {
        Map<String, RunningService> staying = new HashMap<>(running);
        staying.keySet().removeAll(leaving);
        return staying;
    }

    @Override
    public List<String> lastWords(String name) {
        return RunningService.lastWords(spec(name), LAST_WORDS_LINES);
    }

    @Override
    public Path log(String name) {
        return spec(name).log();
    }

    @Override
    public void boundConsoles() {
        for (ServiceSpec spec : specs.values()) {
            bound(spec.console(), progress);
        }
        bound(settings.directories().launcherLog(), progress);
    }

    private static void bound(Path console, Progress progress) {
        try {
            Console.bound(console, Console.KEPT_BYTES);
        } catch (IOException e) {
            progress.say(console + " cannot be kept short: " + e);
        }
    }

    private ServiceSpec spec(String name) {
        ServiceSpec spec = specs.get(name);
        if (spec == null) {
            throw new LaunchRefusedException("no " + name + " in this suite: " + String.join(", ", specs.keySet()));
        }
        return spec;
    }

    private RunningService service(String name) {
        RunningService service = running.get(name);
        if (service == null) {
            throw new IllegalStateException(name + " is not running");
        }
        return service;
    }

    private void writeState() throws IOException {
        List<RunState.Entry> entries = new ArrayList<>();
        for (ServiceSpec spec : specs.values()) {
            RunningService service = running.get(spec.name());
            if (service != null) {
                entries.add(new RunState.Entry(spec.name(), service.identity(), spec.http(), spec.kafka(),
                        spec.readiness() == null ? null : spec.readiness().toString()));
            }
        }
        new RunState(ProcessIdentity.ofThisProcess(), phase, entries).write(settings.directories());
    }
}
