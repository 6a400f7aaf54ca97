package io.millrace.common.wire;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a connection for each endpoint and lane, and one timer thread that looks for what took too long. */
final class PipelinedBrokerClient implements BrokerClient {
    private static final Logger log = LoggerFactory.getLogger(PipelinedBrokerClient.class);

    private record Route(BrokerEndpoint broker, Lane lane) {}

    private final BrokerClientConfig config;
    private final Map<Route, LaneConnection> connections = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer;
    private volatile boolean closed;

    PipelinedBrokerClient(BrokerClientConfig config) {
        this.config = config;
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("broker-client-timer-" + config.clientId()).factory());
        long periodMs = config.timeoutResolution().toMillis();
        timer.scheduleWithFixedDelay(this::lookForTimeouts, periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint broker, Lane lane,
            AbstractRequest.Builder<?> request,
            Class<R> responseType, Duration timeout, ResponseMemory memory) {
        PendingRequest<R> pending = new PendingRequest<>(request, responseType, timeout, System.nanoTime(), memory);
        Route route = new Route(broker, lane);
        while (true) {
            if (closed) {
                pending.failWith(new DisconnectedException(broker, "the client is closed", null));
                return pending.answer();
            }
            LaneConnection connection = connections.get(route);
            if (connection == null) {
                connection = connections.computeIfAbsent(route, r -> new LaneConnection(r.broker(), r.lane(), config));
            }
            if (connection.send(pending)) {
                return pending.answer();
            }
            connections.remove(route, connection);
        }
    }

    private void lookForTimeouts() {
        long nowNanos = System.nanoTime();
        connections.forEach((route, connection) -> {
            try {
                if (!connection.expire(nowNanos)) {
                    connections.remove(route, connection);
                }
            } catch (RuntimeException e) {
                log.error("looking for timeouts of {} failed", route, e);
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdown();
        connections.values().forEach(connection -> connection.close("the client is closed"));
        connections.clear();
    }
}
