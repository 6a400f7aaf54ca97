package io.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Forwards TCP connections to one target until told otherwise. Keeps its port over a stop. */
final class TcpLink {
    private static final int BACKLOG = 50;

    private final String targetHost;
    private final int targetPort;
    private final int port;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition thawed = lock.newCondition();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private boolean frozen;
    private @Nullable ServerSocket listener;

    TcpLink(String targetHost, int targetPort) throws IOException {
        this.targetHost = targetHost;
        this.targetPort = targetPort;
        this.port = listen(0);
    }

    int port() {
        return port;
    }

    void start() {
        lock.lock();
        try {
            frozen = false;
            thawed.signalAll();
            if (listener == null) {
                listen(port);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    void freeze() {
        lock.lock();
        try {
            frozen = true;
        } finally {
            lock.unlock();
        }
    }

    void stop() {
        lock.lock();
        try {
            frozen = false;
            thawed.signalAll();
            if (listener != null) {
                listener.close();
                listener = null;
            }
            sockets.forEach(TcpLink::closeQuietly);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    private int listen(int wanted) throws IOException {
        var opened = new ServerSocket();
        opened.setReuseAddress(true);
        opened.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted), BACKLOG);
        listener = opened;
        Thread.ofPlatform().daemon().name("tcp-link").start(() -> accept(opened));
        return opened.getLocalPort();
    }

    private void accept(ServerSocket from) {
        while (true) {
            try {
                connect(from.accept(), from);
            } catch (IOException e) {
                if (from.isClosed()) {
                    return;
                }
            }
        }
    }

    private void connect(Socket client, ServerSocket from) throws IOException {
        Socket target;
        try {
            target = new Socket(targetHost, targetPort);
            target.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
        } catch (IOException e) {
            client.close();
            throw e;
        }
        lock.lock();
        try {
            sockets.add(client);
            sockets.add(target);
            if (listener != from) {
                closeQuietly(client);
                closeQuietly(target);
            }
        } finally {
            lock.unlock();
        }
        Thread.ofVirtual().start(() -> pump(client, target));
        Thread.ofVirtual().start(() -> pump(target, client));
    }

    private void pump(Socket from, Socket to) {
        var buffer = new byte[16 * 1024];
        try (from; to) {
            var input = from.getInputStream();
            var output = to.getOutputStream();
            for (int read; (read = input.read(buffer)) >= 0;) {
                awaitThaw();
                output.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // Either side closing ends the connection; that is what a link does.
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private void awaitThaw() {
        lock.lock();
        try {
            while (frozen) {
                thawed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed is closed.
        }
    }
}
