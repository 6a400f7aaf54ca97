package io.millrace.workbench.failover;

import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/** A suite of three brokers that is up. */
public final class SuiteCluster implements Cluster {
    /** Seconds on a machine that does nothing else, more than a minute on one that is busy. */
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(180);
    static final String NAME = "Millrace";
    private static final String POSTGRES = "postgres";

    private final Suite suite;

    public SuiteCluster(Suite suite) {
        this.suite = suite;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String bootstrapServers() {
        return suite.bootstrapServers();
    }

    @Override
    public InetSocketAddress listener(int broker) {
        return new InetSocketAddress(SuiteSettings.LOOPBACK, suite.settings().ports().brokerKafka(broker));
    }

    @Override
    public String gatewayUrl() {
        return suite.gatewayUrl();
    }

    @Override
    public void kill(int broker) throws IOException, InterruptedException {
        suite.kill(process(broker));
    }

    @Override
    public void stop(int broker) throws IOException, InterruptedException {
        suite.stop(process(broker));
    }

    @Override
    public void start(int broker) throws IOException, InterruptedException {
        suite.start(process(broker));
        suite.awaitReady(READY_TIMEOUT, process(broker));
    }

    @Override
    public void pause(int broker) throws IOException, InterruptedException {
        Signals.pause(suite.pid(process(broker)));
    }

    @Override
    public void resume(int broker) throws IOException, InterruptedException {
        Signals.resume(suite.pid(process(broker)));
    }

    void stopPostgres() throws IOException, InterruptedException {
        suite.stop(POSTGRES);
    }

    void startPostgres() throws IOException, InterruptedException {
        suite.start(POSTGRES);
        suite.awaitReady(READY_TIMEOUT, POSTGRES);
    }

    int postgresPort() {
        return suite.settings().ports().postgres();
    }

    private static String process(int broker) {
        return "broker-" + broker;
    }
}
