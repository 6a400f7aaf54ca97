package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.SyncGroupRequest;
import org.awaitility.Awaitility;

/**
 * Valid frames of which every byte is changed, and that are cut and stretched at every byte, against a listener with its real handlers. The cases
 * are the same for a seed, whatever their number: the first so many of an endless row, of which the first rounds are all the bytes in random order.
 *
 * <p>A connection sends case after case until one that ends it. Beside them a well-behaved connection asks all the time, and the cases wait for
 * it to be answered again and again.
 */
public final class FrameFuzz {
    private static final int WORKERS = 4;
    private static final int CASES_PER_BATCH = 64;
    private static final int READ_TIMEOUT_MS = 60_000;
    private static final Duration LONG = Duration.ofSeconds(60);
    /** Or it would take as much of the processors as the cases. */
    private static final Duration BYSTANDER_PACE = Duration.ofMillis(1);
    /** How often in a run the cases wait for the bystander. */
    private static final int BYSTANDER_CHECKS = 20;
    private static final int SIZE_BYTES = Integer.BYTES;

    /** A short, two ints, and unsigned varints of two billion, of ten million and of a hundred thousand. */
    private static final List<byte[]> ABSURD_LENGTHS = List.of(new byte[]{127, -1}, new byte[]{127, -1, -1, -1},
            new byte[]{0, 10, 0, 0}, new byte[]{-1, -1, -1, -1, 7}, new byte[]{-128, -128, -128, 5}, new byte[]{-96,
                    -115, 6});
    private static final long MAX_BYTES_TO_READ = 256 * 1024;

    /** A byte of a valid frame. */
    private record Place(byte[] frame, int position) {}

    private final WireServer server;
    private final long seed;
    private final List<Place> places = new ArrayList<>();
    private final LongAdder connections = new LongAdder();
    private final LongAdder understood = new LongAdder();
    private final AtomicInteger bystanderAnswers = new AtomicInteger();

    /** @param frames valid ones with their sizes, as {@link #frame} makes them */
    public FrameFuzz(WireServer server, long seed, List<byte[]> frames) {
        this.server = server;
        this.seed = seed;
        for (byte[] frame : frames) {
            for (int position = 0; position < frame.length; position++) {
                places.add(new Place(frame, position));
            }
        }
        Collections.shuffle(places, new Random(seed));
    }

    /** A request as it is sent. */
    public static byte[] frame(AbstractRequest request) {
        ByteBuffer body = request.serializeWithHeader(new RequestHeader(request.apiKey(), request.version(), "fuzz",
                1));
        return ByteBuffer.allocate(SIZE_BYTES + body.remaining()).putInt(body.remaining()).put(body).array();
    }

    /** How many cases to run: a share of what {@code -Dmillrace.fuzz.cases} says for all listeners together. */
    public static int cases(int percent) {
        return Integer.getInteger("millrace.fuzz.cases", 100_000) / 100 * percent;
    }

    /** Bytes that change, cut and stretch. */
    public int places() {
        return places.size();
    }

    /** Writes lengths that no frame has at every place where one may stand: none of them may be believed before it is compared with the frame. */
    public void absurdLengthsTakeNoMemory() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (Place place : places) {
            for (byte[] length : ABSURD_LENGTHS) {
                if (place.position >= SIZE_BYTES && place.position + length.length <= place.frame.length) {
                    byte[] frame = place.frame.clone();
                    System.arraycopy(length, 0, frame, place.position, length.length);
                    long before = threads.getCurrentThreadAllocatedBytes();
                    mayEndConnection(frame);
                    assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("bytes taken to read %s",
                            Arrays.toString(frame)).isLessThan(MAX_BYTES_TO_READ);
                }
            }
        }
    }

    /** Runs the first cases, and finds the listener as it was before. */
    public void run(int cases) throws Exception {
        String what = "%d cases of seed %d, %d bytes".formatted(cases, seed, places.size());
        long startNanos = System.nanoTime();
        long freeBytes = server.buffers().freeBytes();
        int openBefore = server.counters().connectionsOpen();
        long requestsBefore = requests();
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> bystander = threads.submit(() -> ask(over));
            AtomicInteger next = new AtomicInteger();
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < WORKERS; i++) {
                workers.add(threads.submit(() -> work(next, cases, bystander)));
            }
            try {
                for (Future<?> worker : workers) {
                    worker.get();
                }
            } catch (ExecutionException e) {
                throw new AssertionError(what, e.getCause());
            } finally {
                over.set(true);
            }
            bystander.get();
        }
        assertThat(server.counters().closed(CloseReason.INTERNAL_ERROR)).as(what).isZero();
        awaitThat("connections that stay open: " + what, openBefore, () -> server.counters().connectionsOpen());
        awaitThat("memory that frames keep: " + what, freeBytes, () -> server.buffers().freeBytes());
        assertThat(requests() - requestsBefore).as("requests that reached their handler").isGreaterThanOrEqualTo(
                understood.sum() + bystanderAnswers.get());
        System.out.printf("%s: %d reached a handler, on %d connections, %d ms, a bystander was answered %d times%n",
                what,
                understood.sum(), connections.sum(), (System.nanoTime() - startNanos) / 1_000_000, bystanderAnswers
                        .get());
    }

    private static void awaitThat(String what, long expected, LongSupplier actual) {
        Awaitility.await().atMost(LONG).untilAsserted(() -> assertThat(actual.getAsLong()).as(what).isEqualTo(
                expected));
    }

    private long requests() {
        return Arrays.stream(ApiKeys.values()).mapToLong(server.counters()::requests).sum();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(READ_TIMEOUT_MS);
        socket.setTcpNoDelay(true);
        return socket;
    }

    private Void ask(AtomicBoolean over) throws IOException {
        byte[] request = frame(new ApiVersionsRequest(new ApiVersionsRequestData().setClientSoftwareName("bystander")
                .setClientSoftwareVersion("1"), (short) 4));
        try (Socket socket = connect()) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (!over.get()) {
                socket.getOutputStream().write(request);
                in.readFully(new byte[in.readInt()]);
                bystanderAnswers.incrementAndGet();
                LockSupport.parkNanos(BYSTANDER_PACE.toNanos());
            }
        }
        return null;
    }

    private Void work(AtomicInteger next, int cases, Future<?> bystander) throws IOException {
        int checkEvery = Math.max(1, cases / BYSTANDER_CHECKS / CASES_PER_BATCH);
        for (int from = next.getAndAdd(CASES_PER_BATCH); from < cases; from = next.getAndAdd(CASES_PER_BATCH)) {
            int to = Math.min(cases, from + CASES_PER_BATCH);
            for (int done = from; done < to;) {
                done = send(done, to);
            }
            if (from / CASES_PER_BATCH % checkEvery == 0) {
                int before = bystanderAnswers.get();
                Awaitility.await("the bystander is answered").atMost(LONG).pollInterval(Duration.ofMillis(1)).until(
                        () -> bystanderAnswers.get() > before || bystander.isDone());
                assertThat(bystander).isNotDone();
            }
        }
        return null;
    }

    /** Sends cases on one connection; the first that is left for the next. */
    private int send(int from, int to) throws IOException {
        int next = from;
        boolean last = false;
        connections.increment();
        try (Socket socket = connect()) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            while (next < to && !last) {
                byte[] frame = mutated(next++);
                bytes.write(frame);
                last = mayEndConnection(frame);
            }
            socket.getOutputStream().write(bytes.toByteArray());
            socket.shutdownOutput();
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (SocketException e) {
            // Closed with bytes unread, which is what a refused frame gets.
            assertThat(e).hasMessageMatching("(?i).*(reset|broken pipe|endpoint is not connected).*");
        }
        return next;
    }

    /** Where it may, what comes after it on the connection would not be looked at. */
    private boolean mayEndConnection(byte[] frame) {
        if (frame.length < SIZE_BYTES || ByteBuffer.wrap(frame).getInt() != frame.length - SIZE_BYTES) {
            return true;
        }
        try {
            AbstractRequest request = RequestFrame.parse(ByteBuffer.wrap(frame, SIZE_BYTES, frame.length - SIZE_BYTES)
                    .slice(), server.apis()).body();
            boolean mayBeRefusedInSilence = request instanceof ProduceRequest produce && produce.data().acks() == 0
                    || request instanceof MetadataRequest metadata && metadata.version() < 12 && metadata.data()
                            .topics() != null && metadata.data().topics().stream().anyMatch(topic -> topic
                                    .name() == null);
            if (!mayBeRefusedInSilence) {
                understood.increment();
            }
            // What waits for others holds the next back, which is not looked at once this side has said all.
            return mayBeRefusedInSilence || request instanceof JoinGroupRequest || request instanceof SyncGroupRequest;
        } catch (RefusedFrameException e) {
            return true;
        }
    }

    private byte[] mutated(int index) {
        Place place = places.get(index % places.size());
        Random random = new Random(seed * 31 + index);
        int round = index / places.size();
        return switch (round % 6) {
            case 0 -> changed(place, (byte) (place.frame[place.position] + 1 + random.nextInt(255)));
            case 1 -> withTrueSize(Arrays.copyOf(place.frame, Math.max(SIZE_BYTES, place.position)));
            case 2 -> withTrueSize(stretched(place, random));
            case 3 -> changed(place, new byte[]{0, -1, Byte.MAX_VALUE, Byte.MIN_VALUE}[random.nextInt(4)]);
            case 4 -> random.nextBoolean() ? Arrays.copyOf(place.frame, place.position) : stretched(place, random);
            default -> several(place, random);
        };
    }

    private static byte[] changed(Place place, byte value) {
        byte[] changed = place.frame.clone();
        changed[place.position] = value;
        return changed;
    }

    private static byte[] stretched(Place place, Random random) {
        byte[] more = new byte[1 + random.nextInt(64)];
        random.nextBytes(more);
        return ByteBuffer.allocate(place.frame.length + more.length).put(place.frame, 0, place.position).put(more)
                .put(place.frame, place.position, place.frame.length - place.position).array();
    }

    private static byte[] several(Place place, Random random) {
        byte[] changed = random.nextBoolean() ? stretched(place, random) : place.frame.clone();
        for (int changes = 2 + random.nextInt(4); changes > 0; changes--) {
            changed[random.nextInt(changed.length)] = (byte) random.nextInt();
        }
        return random.nextInt(4) == 0 ? changed : withTrueSize(changed);
    }

    private static byte[] withTrueSize(byte[] frame) {
        ByteBuffer.wrap(frame).putInt(0, frame.length - SIZE_BYTES);
        return frame;
    }
}
