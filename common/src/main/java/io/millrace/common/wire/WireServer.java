package io.millrace.common.wire;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for Kafka's wire protocol: a virtual thread for each connection, blocking I/O, every limit in {@link WireServerConfig}.
 * It answers ApiVersions itself; everything else goes to a {@link RequestHandler}.
 */
public final class WireServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WireServer.class);
    private static final long ACCEPT_RETRY_MS = 100;
    private static final long TIMER_PERIOD_MAX_MS = 1_000;
    private static final long TIMER_PERIOD_MIN_MS = 10;

    private final WireServerConfig config;
    private final SupportedApis apis;
    private final RequestHandler handler;
    private final ServerSocketChannel listener;
    private final WireServerCounters counters = new WireServerCounters();
    private final FrameBufferPool buffers;
    private final CloseLog closeLog = new CloseLog();
    private final Set<ServerConnection> connections = ConcurrentHashMap.newKeySet();
    private final Map<InetAddress, Integer> connectionsByHost = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition connectionClosed = lock.newCondition();
    private volatile boolean stopping;

    private WireServer(WireServerConfig config, SupportedApis apis, RequestHandler handler,
            ServerSocketChannel listener) {
        this.config = config;
        this.apis = apis;
        this.handler = handler;
        this.listener = listener;
        this.buffers = new FrameBufferPool(config.requestMemory().toBytes(), Math.toIntExact(config.maxRequestSize()
                .toBytes()), config.pooledMemory().toBytes());
        this.timer = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("wire-timer")
                .factory());
    }

    /**
     * Takes the port; connections are answered from {@link #start} on.
     *
     * @throws BindException naming host and port, when they cannot be had
     */
    public static WireServer bind(WireServerConfig config, SupportedApis apis, RequestHandler handler)
            throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        try {
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            if (config.socketReceiveBuffer().toBytes() > 0) {
                listener.setOption(StandardSocketOptions.SO_RCVBUF, Math.toIntExact(config.socketReceiveBuffer()
                        .toBytes()));
            }
            listener.bind(new InetSocketAddress(config.bindHost(), config.port()), config.backlog());
            return new WireServer(config, apis, handler, listener);
        } catch (IOException e) {
            listener.close();
            BindException named = new BindException("cannot listen on " + config.bindHost() + ":" + config.port() + ": "
                    + e.getMessage());
            named.initCause(e);
            throw named;
        }
    }

    /** Begins to accept connections. */
    public void start() {
        Thread.ofVirtual().name("wire-accept").start(this::acceptConnections);
        long shortestMs = Stream.of(config.writeTimeout(), config.requestReadTimeout(), config.requestProgressTimeout(),
                config.idleTimeout()).mapToLong(Duration::toMillis).min().orElseThrow();
        long periodMs = Math.clamp(shortestMs / 4, TIMER_PERIOD_MIN_MS, TIMER_PERIOD_MAX_MS);
        timer.scheduleWithFixedDelay(this::closeOverdue, periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    /** The port that is listened on. */
    public int port() {
        return listener.socket().getLocalPort();
    }

    public boolean isOpen() {
        return listener.isOpen();
    }

    public WireServerCounters counters() {
        return counters;
    }

    WireServerConfig config() {
        return config;
    }

    SupportedApis apis() {
        return apis;
    }

    RequestHandler handler() {
        return handler;
    }

    FrameBufferPool buffers() {
        return buffers;
    }

    private void acceptConnections() {
        while (!stopping) {
            try {
                accept(listener.accept());
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException e) {
                // Out of file descriptors, most likely: those that are open go on, and some will close.
                log.warn("a connection could not be accepted: {}", e.getMessage());
                if (!pause()) {
                    return;
                }
            }
        }
    }

    private static boolean pause() {
        try {
            Thread.sleep(ACCEPT_RETRY_MS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void accept(SocketChannel channel) throws IOException {
        ServerConnection connection;
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            SocketTransfer.setBufferSizes(channel, config.socketSendBuffer(), config.socketReceiveBuffer());
            connection = new ServerConnection(this, channel, channel.socket().getInetAddress(), channel
                    .getRemoteAddress());
        } catch (IOException | RuntimeException e) {
            SocketTransfer.closeQuietly(channel);
            throw e;
        }
        int fromHost = connectionsByHost.merge(connection.peer(), 1, Integer::sum);
        int open = counters.connectionsOpen();
        if (open >= config.maxConnections() || fromHost > config.maxConnectionsPerHost()) {
            forgetHost(connection.peer());
            counters.refused();
            SocketTransfer.closeQuietly(channel);
            closeLog.closed(CloseReason.TOO_MANY_CONNECTIONS, connection, open + " are open, " + (fromHost - 1)
                    + " of them from this host");
            return;
        }
        counters.opened();
        connections.add(connection);
        if (stopping) {
            connection.close(CloseReason.SHUTDOWN, "shutting down");
            return;
        }
        Thread.ofVirtual().name("wire-read").start(connection::run);
    }

    private void forgetHost(InetAddress peer) {
        connectionsByHost.computeIfPresent(peer, (host, count) -> count == 1 ? null : count - 1);
    }

    void closed(ServerConnection connection, CloseReason reason, String detail) {
        if (connections.remove(connection)) {
            forgetHost(connection.peer());
            counters.closedOpen(reason);
            closeLog.closed(reason, connection, detail);
        }
        lock.lock();
        try {
            connectionClosed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void closeOverdue() {
        long nowNanos = System.nanoTime();
        for (ServerConnection connection : connections) {
            try {
                connection.closeIfOverdue(nowNanos);
            } catch (RuntimeException e) {
                log.error("looking after the connection from {} failed", connection, e);
            }
        }
    }

    /** Stops accepting and reading, waits for what was read to be answered, and closes what is left after {@code grace}. */
    public void shutdown(Duration grace) {
        stopping = true;
        SocketTransfer.closeQuietly(listener);
        List.copyOf(connections).forEach(ServerConnection::drain);
        awaitNoConnections(grace);
        timer.shutdownNow();
        List.copyOf(connections).forEach(connection -> connection.close(CloseReason.SHUTDOWN, "not answered within "
                + grace.toMillis() + " ms"));
    }

    private void awaitNoConnections(Duration grace) {
        long leftNanos = grace.toNanos();
        lock.lock();
        try {
            while (!connections.isEmpty() && leftNanos > 0) {
                leftNanos = connectionClosed.awaitNanos(leftNanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Closes everything at once. */
    @Override
    public void close() {
        shutdown(Duration.ZERO);
    }
}
