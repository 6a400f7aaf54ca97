package io.millrace.workbench.endtoend;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Stands between a client and the gateway, and breaks each connection off after so many bytes have come over it. */
final class CuttingProxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 4096;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger cuts = new AtomicInteger();
    private final int targetPort;
    private final long bytesPerConnection;

    CuttingProxy(int targetPort, long bytesPerConnection) throws IOException {
        this.targetPort = targetPort;
        this.bytesPerConnection = bytesPerConnection;
        Thread.ofVirtual().name("cutting-proxy").start(this::accept);
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** How many connections were broken off. */
    int cuts() {
        return cuts.get();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                sockets.add(client);
                Thread.ofVirtual().start(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket client) {
        try (Socket served = client; Socket gateway = new Socket(InetAddress.getLoopbackAddress(), targetPort)) {
            sockets.add(gateway);
            Thread.ofVirtual().start(() -> pump(served, gateway, Long.MAX_VALUE));
            if (pump(gateway, served, bytesPerConnection)) {
                cuts.incrementAndGet();
            }
        } catch (IOException e) {
            // One of the two has gone.
        }
        sockets.remove(client);
    }

    /** Returns whether it ended at the limit. */
    private static boolean pump(Socket from, Socket to, long limit) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (long left = limit; left > 0;) {
                int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (read < 0) {
                    to.shutdownOutput();
                    return false;
                }
                out.write(buffer, 0, read);
                left -= read;
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
