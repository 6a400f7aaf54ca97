package io.millrace.workbench.torture.proxy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
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

    /** Tells who connects. Asked only while a link from one process has a state of its own: to find out may take long. */
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
    /** Platform threads: the few carriers of virtual ones get too little of a busy machine to carry everything between a dozen processes. */
    private final ExecutorService threads = Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("proxy-", 0)
            .factory());
    private final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
    private final Map<String, LinkState> states = new ConcurrentHashMap<>();
    private volatile LinkState ofAll = LinkState.OPEN;
    private final Thread listener;
    private final ReentrantLock looking = new ReentrantLock();
    private volatile long looks;
    private boolean wasNobodyBehind;
    private volatile boolean isRefusing;
    private volatile boolean isClosed;
    private @Nullable Listening listening;

    /** @param ended when the address is free: what accepts may keep it listening for a moment after the socket was closed */
    private record Listening(ServerSocket socket, CountDownLatch ended) {}

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
        listener = Thread.ofVirtual().name("proxy-listener").start(this::listenWhileSomeoneIsBehind);
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

    LinkState stateOf(ProxiedConnection connection) {
        LinkState common = ofAll;
        return !(common instanceof LinkState.Open) || states.isEmpty() ? common
                : states.getOrDefault(connection.source(), LinkState.OPEN);
    }

    String sourceOf(Socket accepted) {
        return sources.nameOf(accepted);
    }

    private void changed() {
        connections.forEach(ProxiedConnection::stateChanged);
    }

    private void listenWhileSomeoneIsBehind() {
        try {
            while (!isClosed) {
                if (isRefusing || isNobodyBehind()) {
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
        CountDownLatch ended = new CountDownLatch(1);
        try (ServerSocket socket = bind()) {
            synchronized (this) {
                listening = new Listening(socket, ended);
            }
            while (!isClosed && !isRefusing) {
                Socket accepted = socket.accept();
                threads.execute(() -> carry(accepted));
            }
        } catch (IOException | RejectedExecutionException e) {
            // closed, or the port is not free again yet
            ended.countDown();
            TimeUnit.NANOSECONDS.sleep(LOOK_INTERVAL.toNanos());
        } finally {
            ended.countDown();
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
            ProxiedConnection connection = new ProxiedConnection(this, accepted, onward);
            connections.add(connection);
            try {
                if (!isClosed) { // else nobody would end it any more
                    connection.carry(behind, CONNECT_TIMEOUT, threads);
                }
            } finally {
                connections.remove(connection);
            }
        } catch (IOException | RejectedExecutionException e) {
            // told to the client by closing its connection
        }
    }

    /** Called before an end is passed on: who then connects again must find what it would find without this proxy. */
    void anEndCameFromBehind() {
        if (isNobodyBehind()) {
            stopListening();
        }
    }

    /** Returns when connections are refused. */
    private synchronized void stopListening() {
        if (listening != null) {
            try {
                listening.socket.close();
                listening.ended.await();
            } catch (IOException e) {
                throw new IllegalStateException("closing the listening socket of " + front, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            listening = null;
        }
    }

    /**
     * Whether a connection is refused. Who asks while another looks shares the next look: when a process dies or turns everyone away, as
     * PostgreSQL does while it starts, all its connections end at once, and as many looks would hold it up once more.
     */
    private boolean isNobodyBehind() {
        long seen = looks;
        looking.lock();
        try {
            if (looks == seen) {
                looks++;
                wasNobodyBehind = isRefused();
            }
            return wasNobodyBehind;
        } finally {
            looking.unlock();
        }
    }

    /** One who is stopped does not answer, and is there. */
    private boolean isRefused() {
        try (Socket probe = new Socket()) {
            probe.connect(behind, (int) CONNECT_TIMEOUT.toMillis());
            probe.setSoLinger(true, 0);
            return false;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) { // refused, or reset: the last of its address as it goes
            return true;
        }
    }

    @Override
    public void close() {
        isClosed = true;
        listener.interrupt();
        stopListening();
        connections.forEach(ProxiedConnection::reset);
        threads.shutdownNow();
        threads.close();
    }
}
