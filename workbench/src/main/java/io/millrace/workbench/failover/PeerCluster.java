package io.millrace.workbench.failover;

import io.millrace.workbench.peer.KafkaPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Three brokers of Apache Kafka. */
record PeerCluster(KafkaPeer peer) implements Cluster {
    @Override
    public String name() {
        return "Apache Kafka";
    }

    @Override
    public String bootstrapServers() {
        return peer.bootstrapServers();
    }

    @Override
    public InetSocketAddress listener(int broker) {
        return new InetSocketAddress("127.0.0.1", peer.port(broker));
    }

    @Override
    public @Nullable String gatewayUrl() {
        return null;
    }

    @Override
    public void kill(int broker) throws InterruptedException {
        peer.kill(broker);
    }

    @Override
    public void stop(int broker) throws InterruptedException {
        peer.stop(broker);
    }

    @Override
    public void start(int broker) throws IOException, InterruptedException {
        peer.start(broker);
    }

    @Override
    public void pause(int broker) throws IOException, InterruptedException {
        Signals.pause(peer.pid(broker));
    }

    @Override
    public void resume(int broker) throws IOException, InterruptedException {
        Signals.resume(peer.pid(broker));
    }
}
