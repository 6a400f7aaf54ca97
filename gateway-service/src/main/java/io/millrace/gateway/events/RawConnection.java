package io.millrace.gateway.events;

import jakarta.servlet.http.WebConnection;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.coyote.http11.upgrade.InternalHttpUpgradeHandler;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.SSLSupport;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1 connection that the rest of one answer has to itself, up to its end. Tomcat gives it as it gives connections to web sockets:
 * as an upgrade, here to the body of an ordinary answer that ends with its connection (RFC 9112, section 6.3, item 8). Public since Tomcat
 * makes it.
 *
 * <p>Tomcat's own events and our writes exclude each other by the socket's lock, for a connection that is closed goes to others.
 */
public final class RawConnection implements InternalHttpUpgradeHandler, ClientLine, AutoCloseable {
    private static final int SCRATCH_BYTES = 256;

    private final AtomicBoolean begun = new AtomicBoolean();
    private Limits limits = new Limits(Duration.ZERO, 0);
    private long ignoredBytes;
    private Runnable writer = () -> {};
    private Runnable abandoned = () -> {};
    private Runnable onLeft = () -> {};
    private volatile boolean left;
    private volatile boolean lost;
    private SocketWrapperBase<?> socket;
    private volatile @Nullable SocketChannel channel;

    /** Made by Tomcat, by this class. */
    @SuppressWarnings("NullAway.Init")
    public RawConnection() {}

    /**
     * @param bounds  of the connection
     * @param task    writes the answer, on a thread of its own, once the connection is had
     * @param missed  called instead, on such a thread, when the connection breaks before: while the rest of the request is waited for
     * @param noticed told when the client has left
     */
    void prepare(Limits bounds, Runnable task, Runnable missed, Runnable noticed) {
        limits = bounds;
        writer = task;
        abandoned = missed;
        onLeft = noticed;
    }

    @Override
    public void setSocketWrapper(SocketWrapperBase<?> wrapper) {
        socket = wrapper;
        channel = wrapper.getSocket() instanceof NioChannel nio ? nio.getIOChannel() : null;
        wrapper.setWriteTimeout(limits.writeTimeout.toMillis());
    }

    @Override
    public void init(WebConnection connection) {
        if (begun.compareAndSet(false, true)) {
            Thread.ofVirtual().name("stream").start(writer);
        }
    }

    @Override
    public SocketState upgradeDispatch(SocketEvent event) {
        return switch (event) {
            case OPEN_READ -> readToNowhere();
            case OPEN_WRITE -> SocketState.UPGRADED;
            case STOP, DISCONNECT, TIMEOUT, ERROR, CONNECT_FAIL -> {
                leave(event == SocketEvent.ERROR);
                yield SocketState.CLOSED;
            }
        };
    }

    /**
     * Whatever a client still sends is nothing to us, except that it has closed. One that sends much of it is cut off: reading it takes a
     * thread and the socket's lock, which writing needs.
     */
    private SocketState readToNowhere() {
        var scratch = new byte[SCRATCH_BYTES];
        try {
            int read = 1;
            while (read > 0 && ignoredBytes <= limits.ignoredBytes) {
                read = socket.read(false, scratch, 0, scratch.length);
                ignoredBytes += Math.max(0, read);
            }
            if (read == 0) {
                return SocketState.UPGRADED;
            }
            // Closed with something of its own unread, a connection is reset, and takes with it what is on its way.
            leave(read > 0);
        } catch (EOFException e) {
            leave(false);
        } catch (IOException e) {
            // Reset: it closed its end while something that we had sent was still unread.
            leave(true);
        }
        return SocketState.CLOSED;
    }

    private void leave(boolean withLoss) {
        lost |= withLoss;
        left = true;
        onLeft.run();
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        locked(() -> socket.write(true, bytes, 0, length));
    }

    @Override
    public void flush() throws IOException {
        locked(() -> socket.flush(true));
    }

    @Override
    public void finish() throws IOException {
        flush();
    }

    private void locked(Action action) throws IOException {
        var lock = socket.getLock();
        lock.lock();
        try {
            if (left) {
                throw new IOException("the client has left");
            }
            action.run();
        } finally {
            lock.unlock();
        }
    }

    /** Closes the connection, in Tomcat's own way. */
    @Override
    public void close() {
        socket.processSocket(SocketEvent.DISCONNECT, true);
    }

    /**
     * Only the way to the client is closed, and at the socket itself, which wakes the writer: what Tomcat closes it gives to others, and the
     * writer may be in the midst of it.
     */
    @Override
    public void cutOff() {
        var way = channel;
        if (way != null) {
            try {
                way.shutdownOutput();
            } catch (IOException e) {
                // It is closed already.
            }
        }
    }

    @Override
    public boolean hasLeft() {
        return left;
    }

    @Override
    public boolean tellsDeparture() {
        return true;
    }

    @Override
    public boolean hasLost() {
        return lost;
    }

    @Override
    public void destroy() {
        left = true;
        if (begun.compareAndSet(false, true)) {
            Thread.ofVirtual().name("stream").start(abandoned);
        }
        onLeft.run();
    }

    @Override
    public void timeoutAsync(long now) {
        // There is nothing that Tomcat would have to time.
    }

    @Override
    public void setSslSupport(SSLSupport sslSupport) {
        // Who the client is was of interest when it asked.
    }

    @Override
    public void pause() {
        // The gateway's own shutdown comes first.
    }

    /**
     * @param writeTimeout a write that gets on by nothing for so long fails
     * @param ignoredBytes a client that sends more, all in all, where it has nothing to say is cut off
     */
    record Limits(Duration writeTimeout, long ignoredBytes) {}

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }
}
