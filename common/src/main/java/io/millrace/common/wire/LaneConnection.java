package io.millrace.common.wire;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one endpoint on one lane, across connections.
 *
 * <pre>
 *   no session --send--> connecting --handshake done--> session --lost, idle--> no session
 *                        connecting --failed--> no session, and the next attempt waits for the backoff
 *   no session, unused for the idle timeout --> retired
 * </pre>
 *
 * What is sent while there is no session waits for the attempt and fails with it.
 */
final class LaneConnection {
    private static final Logger log = LoggerFactory.getLogger(LaneConnection.class);

    private final BrokerEndpoint broker;
    private final Lane lane;
    private final BrokerClientConfig config;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition retiredOrClosed = lock.newCondition();
    private final List<PendingRequest<?>> waiting = new ArrayList<>();
    private volatile @Nullable ClientSession session;
    private boolean connecting;
    private @Nullable SocketChannel connectingChannel;
    private long connectDeadlineNanos;
    private int failedAttempts;
    private long nextAttemptNanos;
    private long lastUsedNanos = System.nanoTime();
    private boolean retired;

    LaneConnection(BrokerEndpoint broker, Lane lane, BrokerClientConfig config) {
        this.broker = broker;
        this.lane = lane;
        this.config = config;
    }

    /** False when this connection is retired and another must be made. */
    boolean send(PendingRequest<?> request) {
        ClientSession current = session;
        if (current != null && current.submit(request)) {
            return true;
        }
        lock.lock();
        try {
            if (retired) {
                return false;
            }
            current = session;
            if (current != null && current.submit(request)) {
                return true;
            }
            lastUsedNanos = System.nanoTime();
            if (waiting.size() >= config.maxInFlight()) {
                request.failWith(new InFlightLimitException(broker, config.maxInFlight()));
                return true;
            }
            waiting.add(request);
            if (!connecting) {
                connecting = true;
                session = null;
                Thread.ofVirtual().name("broker-client-connect-" + broker.id() + "-" + lane.name()).start(
                        this::connect);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void connect() {
        try (SocketChannel channel = SocketChannel.open()) {
            if (!awaitBackoff(channel)) {
                return;
            }
            ClientSession opened = ClientSession.open(broker, lane, config, channel);
            lock.lock();
            try {
                connecting = false;
                connectingChannel = null;
                failedAttempts = 0;
                if (retired) {
                    return;
                }
                waiting.forEach(opened::submit);
                waiting.clear();
                session = opened;
            } finally {
                lock.unlock();
            }
            // Reads until the connection is lost or closed; leaving this block closes the socket.
            opened.readResponses();
        } catch (IOException | RuntimeException e) {
            connectFailed(e);
        } catch (InterruptedException e) {
            connectFailed(e);
            Thread.currentThread().interrupt();
        }
    }

    /** False when the lane was closed meanwhile. */
    private boolean awaitBackoff(SocketChannel channel) throws InterruptedException {
        lock.lock();
        try {
            long leftNanos;
            while (!retired && failedAttempts > 0 && (leftNanos = nextAttemptNanos - System.nanoTime()) > 0) {
                retiredOrClosed.await(leftNanos, TimeUnit.NANOSECONDS);
            }
            connectDeadlineNanos = System.nanoTime() + config.connectTimeout().toNanos();
            connectingChannel = channel;
            return !retired;
        } finally {
            lock.unlock();
        }
    }

    private void connectFailed(Exception failure) {
        List<PendingRequest<?>> failed;
        lock.lock();
        try {
            if (!connecting) {
                return;
            }
            connecting = false;
            connectingChannel = null;
            long backoffNanos = Math.min(config.backoffMax().toNanos(), config.backoffInitial().toNanos() << Math.min(
                    failedAttempts, 20));
            failedAttempts++;
            nextAttemptNanos = System.nanoTime() + backoffNanos;
            failed = List.copyOf(waiting);
            waiting.clear();
        } finally {
            lock.unlock();
        }
        log.debug("no connection to {}, lane {}", broker, lane.name(), failure);
        DisconnectedException reason = new DisconnectedException(broker, "no connection: " + describe(failure),
                failure);
        failed.forEach(request -> request.failWith(reason));
    }

    private static String describe(Exception failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }

    /** Fails what took too long and closes what is idle; false when the lane has not been used for long. */
    boolean expire(long nowNanos) {
        ClientSession current = session;
        if (current != null) {
            current.expire(nowNanos);
        }
        List<PendingRequest<?>> expired = new ArrayList<>();
        boolean stillUsed;
        SocketChannel tooSlow = null;
        lock.lock();
        try {
            waiting.removeIf(request -> request.expired(nowNanos) && expired.add(request));
            if (connectingChannel != null && nowNanos - connectDeadlineNanos > 0) {
                tooSlow = connectingChannel;
                connectingChannel = null;
            }
            if (connecting || current != null && current.isOpen()) {
                lastUsedNanos = nowNanos;
            }
            stillUsed = nowNanos - lastUsedNanos < config.idleTimeout().toNanos();
            retired |= !stillUsed;
        } finally {
            lock.unlock();
        }
        expired.forEach(request -> request.failWith(new RequestTimedOutException(broker, request.apiKey().name, request
                .timeout())));
        if (tooSlow != null) {
            SocketTransfer.closeQuietly(tooSlow);
        }
        return stillUsed;
    }

    void close(String reason) {
        List<PendingRequest<?>> failed;
        SocketChannel unfinished;
        ClientSession current;
        lock.lock();
        try {
            retired = true;
            unfinished = connectingChannel;
            current = session;
            failed = List.copyOf(waiting);
            waiting.clear();
            retiredOrClosed.signalAll();
        } finally {
            lock.unlock();
        }
        if (unfinished != null) {
            SocketTransfer.closeQuietly(unfinished);
        }
        if (current != null) {
            current.close(reason, null);
        }
        failed.forEach(request -> request.failWith(new DisconnectedException(broker, reason, null)));
    }
}
