package io.millrace.workbench.bench;

import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Many subscribers to one topic, all read by one thread that costs the machine next to nothing: of what comes it looks for the mark of each
 * event, after which stands when it was sent, and for the event that tells that the subscriber has caught up.
 */
final class Subscribers implements AutoCloseable {
    static final String SENT_MARK = "\"sentNanos\":";
    private static final byte[] SENT = SENT_MARK.getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CAUGHT_UP = "event: caught-up".getBytes(StandardCharsets.US_ASCII);
    private static final int CONNECTING_AT_ONCE = 100;
    private static final int BUFFER_BYTES = 256 * 1024;
    private static final long HIGHEST_NANOS = Duration.ofSeconds(60).toNanos();

    private final Selector selector = Selector.open();
    private final Histogram latencies = new Histogram(HIGHEST_NANOS, 3);
    private final AtomicLong events = new AtomicLong();
    private final AtomicLong caughtUp = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Thread reader;
    private volatile boolean ended;
    private volatile long countFrom;
    private volatile String loss = "";

    /** Connects a few at a time, and waits until every one has caught up. */
    Subscribers(int port, String topic, int count, Duration timeout) throws IOException, InterruptedException {
        reader = Thread.ofPlatform().daemon().name("subscribers").start(this::read);
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            byte[] request = ("GET /topics/" + topic + "/events HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
                    .getBytes(
                            StandardCharsets.US_ASCII);
            for (int i = 0; i < count; i++) {
                // A listener's queue of connections that nobody has accepted yet is shorter than all of them.
                await(caughtUp, i - CONNECTING_AT_ONCE, deadline, "subscribers have caught up");
                connect(port, request);
            }
            await(caughtUp, count, deadline, "subscribers have caught up");
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Those to come are counted, and their latencies, from the number-th event of all subscribers on. */
    void countFrom(long number) {
        countFrom = number;
    }

    /** Waits until so many events have come, to all subscribers together. */
    void awaitEvents(long count, Duration timeout) throws InterruptedException {
        await(events, count, System.nanoTime() + timeout.toNanos(), "events have come");
    }

    long events() {
        return events.get();
    }

    /** To be looked at once the events that were awaited have come. */
    Histogram latencies() {
        return latencies;
    }

    private void await(AtomicLong counter, long count, long deadline, String what) throws InterruptedException {
        while (counter.get() < count) {
            if (lost.get() > 0 || System.nanoTime() - deadline > 0) {
                throw new LaunchRefusedException(counter.get() + " of " + count + " " + what + ", and " + lost.get()
                        + " subscribers were disconnected" + loss);
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    private void connect(int port, byte[] request) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.write(ByteBuffer.wrap(request));
        channel.configureBlocking(false);
        // A selector that selects holds up whoever registers no longer than it takes to wake it.
        channel.register(selector, SelectionKey.OP_READ, new Marks());
        selector.wakeup();
    }

    private void read() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        try {
            while (!ended) {
                selector.select(key -> read(key, buffer), 100);
            }
        } catch (IOException e) {
            lost.incrementAndGet();
        }
    }

    private void read(SelectionKey key, ByteBuffer buffer) {
        try {
            buffer.clear();
            int length = ((SocketChannel) key.channel()).read(buffer);
            Marks marks = (Marks) key.attachment();
            if (length < 0) {
                throw new IOException(marks.isCaughtUp ? "after it had caught up" : "before it had caught up");
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                marks.next(buffer.get());
            }
        } catch (IOException e) {
            key.cancel();
            loss = ": " + e.getMessage();
            lost.incrementAndGet();
        }
    }

    @Override
    public void close() throws IOException {
        ended = true;
        selector.wakeup();
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }

    /** How much of a mark one subscriber has seen. */
    private final class Marks {
        private int sent;
        private int caught;
        private boolean isCaughtUp;
        private boolean inNumber;
        private long number;

        void next(byte b) {
            if (inNumber) {
                if (b >= '0' && b <= '9') {
                    number = number * 10 + b - '0';
                    return;
                }
                inNumber = false;
                if (events.incrementAndGet() > countFrom) {
                    latencies.recordValue(Math.clamp(System.nanoTime() - number, 0, HIGHEST_NANOS));
                }
            }
            sent = b == SENT[sent] ? sent + 1 : b == SENT[0] ? 1 : 0;
            if (sent == SENT.length) {
                sent = 0;
                inNumber = true;
                number = 0;
            }
            caught = b == CAUGHT_UP[caught] ? caught + 1 : b == CAUGHT_UP[0] ? 1 : 0;
            if (caught == CAUGHT_UP.length) {
                caught = 0;
                isCaughtUp = true;
                caughtUp.incrementAndGet();
            }
        }
    }
}
