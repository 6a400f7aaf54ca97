package io.millrace.workbench.torture.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection through a {@link FaultProxy}: two pumps, one for each direction. */
final class ProxiedConnection {
    private final FaultProxy proxy;
    private final Socket front;
    private final Socket behind;
    private @Nullable String source;

    ProxiedConnection(FaultProxy proxy, Socket front, Socket behind) {
        this.proxy = proxy;
        this.front = front;
        this.behind = behind;
    }

    synchronized String source() {
        if (source == null) {
            source = proxy.sourceOf(front);
        }
        return source;
    }

    /** Returns when both directions have ended. */
    void carry(InetSocketAddress target, Duration connectTimeout, ExecutorService threads) throws IOException {
        try {
            awaitPassage(0);
            connect(target, connectTimeout);
            Future<?> there = threads.submit(() -> pump(front, behind, false));
            pump(behind, front, true);
            there.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reset();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a pump to " + target, e);
        }
    }

    private void connect(InetSocketAddress target, Duration timeout) throws IOException {
        try {
            behind.connect(target, (int) timeout.toMillis());
        } catch (IOException e) {
            proxy.anEndCameFromBehind();
            reset();
            throw e;
        }
    }

    private void pump(Socket from, Socket to, boolean isFromBehind) {
        byte[] piece = new byte[FaultProxy.PIECE_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                awaitPassage(read);
                out.write(piece, 0, read);
            }
            passEnd(to, isFromBehind);
        } catch (IOException e) {
            end(isFromBehind);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reset();
        }
    }

    private void passEnd(Socket to, boolean isFromBehind) throws IOException, InterruptedException {
        awaitPassage(0);
        if (isFromBehind) {
            proxy.anEndCameFromBehind();
        }
        to.shutdownOutput();
    }

    /** A broken connection is news like any other: it passes when the link lets it. */
    private void end(boolean isFromBehind) {
        try {
            awaitPassage(0);
            if (isFromBehind) {
                proxy.anEndCameFromBehind();
            }
        } catch (IOException e) {
            // cut
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reset();
    }

    /** Waits until so many bytes may pass. */
    private void awaitPassage(int bytes) throws IOException, InterruptedException {
        Duration delay = awaitNotSilent(bytes);
        if (!delay.isZero()) {
            TimeUnit.NANOSECONDS.sleep(delay.toNanos());
            awaitNotSilent(0); // what befell the link meanwhile befalls what is on the way
        }
    }

    private synchronized Duration awaitNotSilent(int bytes) throws IOException, InterruptedException {
        while (true) {
            switch (proxy.stateOf(this)) {
                case LinkState.Open _ -> {
                    return Duration.ZERO;
                }
                case LinkState.Slow slow -> {
                    return slow.delay(bytes);
                }
                case LinkState.Cut _ -> {
                    reset();
                    throw new IOException("the link is cut");
                }
                case LinkState.Silent _ -> wait();
            }
        }
    }

    synchronized void stateChanged() {
        notifyAll();
        if (proxy.stateOf(this) instanceof LinkState.Cut) {
            reset();
        }
    }

    /** Ends both sides with a reset, as a broken network does; what was not sent yet is thrown away. */
    void reset() {
        for (Socket socket : new Socket[]{front, behind}) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (IOException e) {
                // closed already
            }
        }
    }
}
