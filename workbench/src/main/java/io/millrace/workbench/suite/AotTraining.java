package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Makes the ahead-of-time caches (JEP 514) with which the services start in half the time, once for each build, while the
 * suite is up. A service is trained by one start up to its complete application context, against a database and a directory of its own
 * that are thrown away.
 */
final class AotTraining {
    private static final String SCRATCH_DATABASE = "millrace_training_";
    private static final String SCRATCH = "training-";
    /**
     * The quick compiler alone records no profiles. With those of one start in the cache (JEP 515) every later start has the optimizing
     * compiler at work from the first moment on, which takes twice the processor time until it is ready.
     */
    private static final String WITHOUT_PROFILES = "-XX:TieredStopAtLevel=1";
    private static final Duration TIMEOUT = Duration.ofMinutes(3);

    /** A service without a cache. */
    record Untrained(ServiceJar jar, ServiceSpec spec) {}

    private final SuiteSettings settings;
    private final List<Untrained> services;

    AotTraining(SuiteSettings settings, List<Untrained> services) {
        this.settings = settings;
        this.services = services;
    }

    /** Removes what a training left that was broken off. */
    static void forgetScratch(SuiteDirectories directories) throws IOException {
        List<Path> left;
        try (Stream<Path> entries = Files.list(directories.run())) {
            left = entries.filter(entry -> entry.getFileName().toString().startsWith(SCRATCH)).toList();
        }
        for (Path scratch : left) {
            SuiteDirectories.deleteRecursively(scratch);
        }
    }

    boolean isNeeded() {
        return !services.isEmpty() && !settings.usesOwnPostgres();
    }

    /**
     * Trains what needs it. What cannot be trained is reported and starts as before.
     *
     * @param inBackground one service after the other, only with processor time that nothing else wants; otherwise all side by side
     */
    void run(boolean inBackground, Progress progress) throws InterruptedException {
        if (!isNeeded()) {
            return;
        }
        try {
            Path scratch = Files.createTempDirectory(settings.directories().run(), SCRATCH);
            try (ExecutorService trainings = Executors.newFixedThreadPool(inBackground ? 1 : services.size())) {
                List<Callable<Boolean>> all = services.stream()
                        .<Callable<Boolean>>map(service -> () -> train(service, scratch, inBackground, progress))
                        .toList();
                for (Future<Boolean> training : trainings.invokeAll(all)) {
                    training.get();
                }
            } finally {
                SuiteDirectories.deleteRecursively(scratch);
            }
        } catch (IOException | ExecutionException e) {
            // PostgreSQL is on its way down or the disk is full: the next "up" tries again
            progress.say("quicker starts are not prepared: " + e.getMessage());
        }
    }

    private boolean train(Untrained service, Path scratch, boolean inBackground, Progress progress)
            throws IOException, SQLException, InterruptedException {
        String database = SCRATCH_DATABASE + service.jar().name().replace('-', '_');
        onPostgres("drop database if exists " + database + " with (force)");
        onPostgres("create database " + database);
        boolean trained = train(service, scratchEnvironment(service.spec(), database, scratch), inBackground, progress);
        onPostgres("drop database if exists " + database + " with (force)");
        return trained;
    }

    private static boolean train(
            Untrained service,
            Map<String, String> environment,
            boolean inBackground,
            Progress progress) throws IOException, InterruptedException {
        Path cache = service.jar().aotCache();
        Path unfinished = cache.resolveSibling(cache.getFileName() + ".new");
        List<String> command = new ArrayList<>();
        if (inBackground && Commands.isOnPath("nice")) {
            command.addAll(List.of("nice", "-n", "19"));
        }
        List<String> java = service.spec().command();
        command.add(java.getFirst());
        command.add("-XX:AOTCacheOutput=" + unfinished);
        command.add(WITHOUT_PROFILES);
        command.add("-Dspring.context.exit=onRefresh");
        command.addAll(java.subList(1, java.size()));
        Path log = cache.resolveSibling("training.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            if (ended && process.exitValue() == 0 && Files.isRegularFile(unfinished)) {
                Files.move(unfinished, cache, StandardCopyOption.ATOMIC_MOVE);
                return true;
            }
            String why = ended ? "ended with status " + process.exitValue()
                    : "did not end within " + TIMEOUT.toSeconds() + " s";
            service.jar().noteTrainingFailure(why);
            progress.say("quicker starts of " + service.spec().name() + " are not prepared: the training " + why
                    + "; its log: " + log);
            return false;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private Map<String, String> scratchEnvironment(ServiceSpec spec, String database, Path scratch) {
        Map<String, String> environment = new TreeMap<>(spec.environment());
        environment.put("MILLRACE_POSTGRES_URL", url(database));
        environment.put("LOGGING_FILE_NAME", scratch.resolve(spec.name() + ".log").toString());
        environment.put("MILLRACE_DATA_DIR", scratch.resolve(spec.name()).toString());
        return environment;
    }

    private void onPostgres(String statement) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url("postgres"), settings.postgresUser(),
                settings.postgresPassword()); Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
    }

    private String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + settings.ports().postgres() + "/" + database;
    }
}
