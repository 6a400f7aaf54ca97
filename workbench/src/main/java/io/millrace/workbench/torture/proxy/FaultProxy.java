package io.millrace.workbench.torture.proxy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stands before one process's port. Each link, from one source to this process, has a state of its own.
 *
 * <p>While nobody listens behind it, it does not listen either, so that who connects is refused as without it: a refusal says that a
 * process is dead, and other processes act on that.
 */
public final class FaultProxy implements AutoCloseable {
    static final int PIECE_BYTES = 64 * 1024;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(20);
    private static final int BACKLOG = 200;

    /** Tells who connects. */
    @FunctionalInterface
    public interface Sources {
        /**
         * The name of the process at the other end of a connection that was accepted; an unknown one is nobody's, and only what is done to
         * all sources concerns it.
         */
        String nameOf(Socket accepted);
    }

    private final InetSocketAddress front;
    private final InetSocketAddress behind;
    private final Sources sources;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
    private final Map<String, LinkState> states = new ConcurrentHashMap<>();
    private volatile LinkState ofAll = LinkState.OPEN;
    private volatile boolean isRefusing;
    private volatile boolean isClosed;
    private @Nullable ServerSocket listening;

    /**
     * Starts.
     *
     * @param front  where it listens
     * @param behind where the process listens, now or later
     */
    public FaultProxy(InetSocketAddress front, InetSocketAddress behind, Sources sources) throws IOException {
        this.front = front;
        this.behind = behind;
        this.sources = sources;
        bind().close(); // an address that cannot be had is told at once
        threads.execute(this::listenWhileSomeoneIsBehind);
    }

    /** Sets the state of every link to the process. */
    public void set(LinkState state) {
        ofAll = state;
        changed();
    }

    /** Sets the state of the link from one process. */
    public void set(String source, LinkState state) {
        states.put(source, state);
        changed();
    }

    /** Refuses connections and ends those that there are, as if the process behind were dead. */
    public void refuse() {
        isRefusing = true;
        stopListening();
        connections.forEach(ProxiedConnection::reset);
    }

    /** Opens every link again. */
    public void heal() {
        isRefusing = false;
        states.clear();
        set(LinkState.OPEN);
    }

    LinkState state(String source) {
        LinkState common = ofAll;
        return common instanceof LinkState.Open ? states.getOrDefault(source, LinkState.OPEN) : common;
    }

    private void changed() {
        connections.forEach(ProxiedConnection::stateChanged);
    }

    private void listenWhileSomeoneIsBehind() {
        try {
            while (!isClosed) {
                if (isRefusing || !isSomeoneBehind()) {
                    TimeUnit.NANOSECONDS.sleep(LOOK_INTERVAL.toNanos());
                } else {
                    listen();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    /** Takes connections until the listening socket is closed. */
    private void listen() throws InterruptedException {
        try (ServerSocket socket = bind()) {
            synchronized (this) {
                listening = socket;
            }
            while (!isClosed && !isRefusing) {
                Socket accepted = socket.accept();
                threads.execute(() -> carry(accepted));
            }
        } catch (IOException | RejectedExecutionException e) {
            // closed, or the port is not free again yet
            TimeUnit.NANOSECONDS.sleep(LOOK_INTERVAL.toNanos());
        }
    }

    private ServerSocket bind() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(front, BACKLOG);
        return socket;
    }

    private void carry(Socket accepted) {
        try (accepted; Socket onward = new Socket()) {
            accepted.setTcpNoDelay(true);
            onward.setTcpNoDelay(true);
            ProxiedConnection connection = new ProxiedConnection(this, sources.nameOf(accepted), accepted, onward);
            connections.add(connection);
            try {
                connection.carry(behind, CONNECT_TIMEOUT, threads);
            } finally {
                connections.remove(connection);
            }
        } catch (IOException e) {
            // told to the client by closing its connection
        }
    }

    /** Called before an end is passed on: who then connects again must find what it would find without this proxy. */
    void anEndCameFromBehind() {
        if (!isSomeoneBehind()) {
            stopListening();
        }
    }

    private synchronized void stopListening() {
        if (listening != null) {
            try {
                listening.close();
            } catch (IOException e) {
                throw new IllegalStateException("closing the listening socket of " + front, e);
            }
            listening = null;
        }
    }

    private boolean isSomeoneBehind() {
        try (Socket probe = new Socket()) {
            probe.connect(behind, (int) CONNECT_TIMEOUT.toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        isClosed = true;
        stopListening();
        connections.forEach(ProxiedConnection::reset);
        threads.shutdownNow();
        threads.close();
    }
}
