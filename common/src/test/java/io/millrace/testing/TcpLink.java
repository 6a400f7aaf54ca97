package io.millrace.testing;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Forwards TCP connections to one target until told otherwise. While stopped it goes on listening, and breaks what connects at once: a port
 * that was given up could be another's when it is wanted again.
 */
final class TcpLink implements AutoCloseable {
    private static final int BACKLOG = 50;

    private final String targetHost;
    private final int targetPort;
    private final ServerSocket listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition thawed = lock.newCondition();
    private final Set<Socket> sockets = new HashSet<>();
    private boolean frozen;
    private boolean stopped;

    TcpLink(String targetHost, int targetPort) throws IOException {
        this.targetHost = targetHost;
        this.targetPort = targetPort;
        this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().name("tcp-link").start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void start() {
        change(false, false);
    }

    void freeze() {
        change(true, false);
    }

    void stop() {
        change(false, true);
    }

    @Override
    public void close() {
        stop();
        closeQuietly(listener);
    }

    private void change(boolean toFrozen, boolean toStopped) {
        lock.lock();
        try {
            frozen = toFrozen;
            stopped = toStopped;
            thawed.signalAll();
            if (stopped) {
                sockets.forEach(TcpLink::closeQuietly);
                sockets.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                connect(listener.accept());
            } catch (IOException e) {
                // The listener was closed, or the target refused: either shows at the client.
            }
        }
    }

    private void connect(Socket client) throws IOException {
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
            if (stopped) {
                closeQuietly(client);
                closeQuietly(target);
                return;
            }
            sockets.add(client);
            sockets.add(target);
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
            forget(from, to);
        }
    }

    private void forget(Socket one, Socket other) {
        lock.lock();
        try {
            sockets.remove(one);
            sockets.remove(other);
        } finally {
            lock.unlock();
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

    private static void closeQuietly(Closeable socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed is closed.
        }
    }
}
