package io.millrace.workbench.failover;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Three brokers that things are done to; they are numbered from 0. */
public interface Cluster {
    int BROKERS = 3;

    String name();

    String bootstrapServers();

    /** Where one broker speaks Kafka's protocol. */
    InetSocketAddress listener(int broker);

    /** Base URL of a gateway; null where there is none. */
    @Nullable
    String gatewayUrl();

    /** SIGKILL. */
    void kill(int broker) throws IOException, InterruptedException;

    /** Asks a broker to end, and waits until it has. */
    void stop(int broker) throws IOException, InterruptedException;

    /** Starts a broker that has ended, and waits until it is back. */
    void start(int broker) throws IOException, InterruptedException;

    /** SIGSTOP. */
    void pause(int broker) throws IOException, InterruptedException;

    /** SIGCONT. */
    void resume(int broker) throws IOException, InterruptedException;
}
