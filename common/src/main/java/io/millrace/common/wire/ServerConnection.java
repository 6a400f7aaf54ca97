package io.millrace.common.wire;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection. Its reader thread cuts the stream into frames and hands each request to the handler; a frame that
 * fits the small buffer is handled where it lies, a larger one gets a buffer of its own, which grows as it arrives, until it is handled. An idle
 * connection holds nothing but the small buffer.
 */
final class ServerConnection {
    private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);
    private static final int SMALL_BUFFER_BYTES = 4096;
    /** Api key, version and correlation id, which every request header begins with. */
    private static final int SHORTEST_REQUEST_BYTES = 8;
    /** One read into the heap goes through a native buffer of this size at most. */
    private static final int MAX_READ_BYTES = 256 * 1024;
    private static final long NEVER = 0;
    /** How often a connection whose next request is held back is looked at for its end. */
    private static final long HELD_BACK_LOOK_NANOS = 250_000_000;
    private static final int SHORTEST_WAIT_MS = 1;

    private final WireServer server;
    private final SocketChannel channel;
    private final InetAddress peer;
    private final SocketAddress peerAddress;
    private final SocketTransfer transfer;
    private final ResponseQueue responses;
    private final ByteBuffer small = ByteBuffer.allocate(SMALL_BUFFER_BYTES).limit(0);
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Thread readerThread;
    private volatile boolean draining;
    /** Of the reader: what is to be answered before the next frame is read. */
    private @Nullable InboundRequest holdingBack;
    /** Of {@link System#nanoTime}, or {@link #NEVER}: for the server's timer. */
    private volatile long lastRequestNanos = System.nanoTime();
    private volatile long frameStartedNanos = NEVER;
    /** Of a large frame's last byte. */
    private volatile long frameProgressNanos = NEVER;
    private volatile long writeProgressNanos = NEVER;

    ServerConnection(WireServer server, SocketChannel channel, InetAddress peer, SocketAddress peerAddress) {
        this.server = server;
        this.channel = channel;
        this.peer = peer;
        this.peerAddress = peerAddress;
        this.transfer = new SocketTransfer(channel, this::wrote);
        this.responses = new ResponseQueue(this, server.buffers(), server.config().maxInFlightRequests());
    }

    InetAddress peer() {
        return peer;
    }

    TransferableChannel transfer() {
        return transfer;
    }

    @Nullable
    Thread readerThread() {
        return readerThread;
    }

    /** Reads until the connection ends. */
    void run() {
        readerThread = Thread.currentThread();
        try {
            while (readFrame()) {
                frameStartedNanos = small.hasRemaining() ? System.nanoTime() : NEVER;
            }
            if (draining) {
                responses.writeReady();
                responses.closeWhenEmpty();
            } else if (small.hasRemaining()) {
                close(CloseReason.MALFORMED_FRAME, "the connection ended within a frame");
            } else {
                close(CloseReason.PEER_CLOSED, "the peer closed it");
            }
        } catch (RefusedFrameException e) {
            close(e.reason(), e.getMessage());
        } catch (IOException e) {
            close(CloseReason.IO_ERROR, "read failed: " + e.getMessage());
        } catch (InterruptedException e) {
            close(CloseReason.SHUTDOWN, "interrupted");
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            log.error("reading from {} failed", this, e);
            close(CloseReason.INTERNAL_ERROR, "reading failed: " + e);
        }
    }

    /** Handles one frame; false when the peer has closed its side before one began. */
    private boolean readFrame() throws IOException, InterruptedException {
        if (!fillSmall(Integer.BYTES)) {
            return false;
        }
        int frameBytes = small.getInt(small.position());
        if (frameBytes < SHORTEST_REQUEST_BYTES) {
            throw new RefusedFrameException(CloseReason.MALFORMED_FRAME, "a frame of " + frameBytes
                    + " bytes is no request");
        }
        if (!fillSmall(Integer.BYTES + SHORTEST_REQUEST_BYTES)) {
            return false;
        }
        int start = small.position();
        int limit = small.getShort(start + Integer.BYTES) == ApiKeys.PRODUCE.id
                ? Math.toIntExact(server.config().maxRequestSize().toBytes())
                : Math.toIntExact(server.config().maxControlRequestSize().toBytes());
        if (frameBytes > limit) {
            throw new RefusedFrameException(CloseReason.OVERSIZED_FRAME,
                    "a frame of " + frameBytes + " bytes, where " + limit + " is the limit");
        }
        if (!awaitTurn()) {
            return false;
        }
        if (Integer.BYTES + frameBytes <= small.capacity()) {
            if (!fillSmall(Integer.BYTES + frameBytes)) {
                throw new RefusedFrameException(CloseReason.MALFORMED_FRAME, "the connection ended within a frame");
            }
            ByteBuffer frame = small.slice(small.position() + Integer.BYTES, frameBytes);
            frameStartedNanos = NEVER;
            handle(frame);
            small.position(small.position() + Integer.BYTES + frameBytes);
        } else {
            responses.writeReady();
            try (FrameMemory memory = new FrameMemory(server.buffers(), frameBytes)) {
                ByteBuffer frame = readLarge(memory, frameBytes);
                frameStartedNanos = NEVER;
                handle(frame);
            }
        }
        return true;
    }

    /**
     * Holds a frame back for as long as the request before it wants that, and takes no memory for it meanwhile.
     *
     * @return false when the connection has ended: what it had sent is not looked at any more
     */
    private boolean awaitTurn() throws IOException, InterruptedException {
        InboundRequest before = holdingBack;
        if (before == null) {
            return true;
        }
        holdingBack = null;
        responses.writeReady();
        long beganNanos = System.nanoTime();
        // It is this side that keeps the frame waiting.
        frameStartedNanos = NEVER;
        while (!responses.awaitAnswer(before, HELD_BACK_LOOK_NANOS)) {
            if (closed.get() || hasPeerEnded()) {
                small.position(small.limit());
                return false;
            }
            if (System.nanoTime() - beganNanos > server.config().heldBackTimeout().toNanos()) {
                throw new RefusedFrameException(CloseReason.HELD_BACK_TOO_LONG, "a request waited for longer than "
                        + server.config().heldBackTimeout() + " for the answer to the one before");
            }
        }
        frameStartedNanos = System.nanoTime();
        return true;
    }

    /** Takes in what has come meanwhile. With a full small buffer, the end is only seen once there is room again. */
    private boolean hasPeerEnded() throws IOException {
        if (small.remaining() == small.capacity()) {
            return false;
        }
        small.compact();
        try {
            // Only the socket's own stream reads with a time limit.
            channel.socket().setSoTimeout(SHORTEST_WAIT_MS);
            int read = channel.socket().getInputStream().read(small.array(), small.position(), small.remaining());
            if (read > 0) {
                small.position(small.position() + read);
                server.counters().read(read);
            }
            return read < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } finally {
            small.flip();
        }
    }

    /** Reads until the small buffer has so many bytes; false when the peer has closed its side before. */
    private boolean fillSmall(int bytes) throws IOException {
        if (small.remaining() >= bytes) {
            return true;
        }
        responses.writeReady();
        small.compact();
        try {
            while (small.position() < bytes) {
                int read = channel.read(small);
                if (read < 0) {
                    return false;
                }
                server.counters().read(read);
                if (frameStartedNanos == NEVER) {
                    frameStartedNanos = System.nanoTime();
                }
            }
            return true;
        } finally {
            small.flip();
        }
    }

    private ByteBuffer readLarge(FrameMemory memory, int frameBytes) throws IOException, InterruptedException {
        ByteBuffer frame = grow(memory);
        int roomBytes = frame.limit();
        small.position(small.position() + Integer.BYTES);
        frame.put(small);
        while (frame.position() < frameBytes) {
            if (frame.position() == roomBytes) {
                frame = grow(memory);
                roomBytes = frame.limit();
            }
            frame.limit(Math.min(roomBytes, frame.position() + MAX_READ_BYTES));
            int read = channel.read(frame);
            if (read < 0) {
                throw new RefusedFrameException(CloseReason.MALFORMED_FRAME, "the connection ended within a frame");
            }
            frameProgressNanos = System.nanoTime();
            server.counters().read(read);
        }
        frameProgressNanos = NEVER;
        return frame.limit(frameBytes).position(0);
    }

    /** Neither clock runs while it is this side that keeps the frame waiting. */
    private ByteBuffer grow(FrameMemory memory) throws InterruptedException {
        long beganNanos = System.nanoTime();
        long startedNanos = frameStartedNanos;
        frameStartedNanos = NEVER;
        frameProgressNanos = NEVER;
        ByteBuffer frame = memory.grow();
        long nowNanos = System.nanoTime();
        frameStartedNanos = startedNanos == NEVER ? nowNanos : startedNanos + (nowNanos - beganNanos);
        frameProgressNanos = nowNanos;
        return frame;
    }

    private void handle(ByteBuffer frame) throws InterruptedException {
        long nowNanos = System.nanoTime();
        lastRequestNanos = nowNanos;
        InboundRequest request = parse(frame, nowNanos);
        server.counters().request(request.apiKey());
        while (!responses.tryAdd(request)) {
            responses.writeReady();
            responses.awaitRoom(request);
            if (closed.get()) {
                return;
            }
        }
        try {
            if (request.body() instanceof ApiVersionsRequest versions) {
                answerVersions(request, versions);
            } else {
                server.handler().handle(request);
            }
        } catch (RuntimeException e) {
            if (Errors.forException(e) == Errors.UNKNOWN_SERVER_ERROR) {
                log.error("{} of {} failed", request.header(), this, e);
            }
            request.respondError(e);
        }
        if (request.holdsNextBack()) {
            holdingBack = request;
        }
    }

    private InboundRequest parse(ByteBuffer frame, long nowNanos) {
        int frameBytes = frame.remaining();
        RequestFrame parsed = RequestFrame.parse(frame, server.apis());
        return new InboundRequest(parsed.header(), parsed.body(), frameBytes, responses, peer, nowNanos);
    }

    private void answerVersions(InboundRequest request, ApiVersionsRequest versions) {
        if (!server.apis().accepts(ApiKeys.API_VERSIONS, request.version())) {
            request.respond(server.apis().unsupportedVersion());
        } else if (!versions.isValid()) {
            request.respond(versions.getErrorResponse(0, Errors.INVALID_REQUEST.exception()));
        } else {
            if (request.version() >= 3 && versions.data().clientSoftwareName().equals(Lane.UNORDERED_SOFTWARE_NAME)) {
                responses.answerOutOfOrder();
            }
            request.respond(server.apis().advertise());
        }
    }

    /** The version that an answer is written in. */
    short responseVersion(InboundRequest request) {
        boolean unknownVersions = request.apiKey() == ApiKeys.API_VERSIONS && !server.apis().accepts(
                ApiKeys.API_VERSIONS, request.version());
        return unknownVersions ? 0 : request.version();
    }

    void writeStarted() {
        writeProgressNanos = System.nanoTime();
    }

    void writeEnded() {
        writeProgressNanos = NEVER;
    }

    private void wrote(long bytes) {
        server.counters().wrote(bytes);
        if (bytes > 0) {
            writeProgressNanos = System.nanoTime();
        }
    }

    /** Called by the server's timer. */
    void closeIfOverdue(long nowNanos) {
        WireServerConfig config = server.config();
        long writing = writeProgressNanos;
        long reading = frameStartedNanos;
        long progress = frameProgressNanos;
        if (writing != NEVER && nowNanos - writing > config.writeTimeout().toNanos()) {
            close(CloseReason.WRITE_TIMEOUT, "the peer does not read its answers");
        } else if (reading != NEVER && nowNanos - reading > config.requestReadTimeout().toNanos()) {
            close(CloseReason.READ_TIMEOUT, "a frame was not complete in time");
        } else if (progress != NEVER && nowNanos - progress > config.requestProgressTimeout().toNanos()) {
            close(CloseReason.READ_TIMEOUT, "a large frame came to a halt");
        } else if (nowNanos - lastRequestNanos > config.idleTimeout().toNanos() && responses.isIdle()) {
            close(CloseReason.IDLE, "no request for too long");
        }
    }

    /** Stops reading; what was read is still answered, then the connection is closed. */
    void drain() {
        draining = true;
        try {
            channel.shutdownInput();
        } catch (IOException e) {
            close(CloseReason.SHUTDOWN, "shutting down");
        }
    }

    void close(CloseReason reason, String detail) {
        if (closed.compareAndSet(false, true)) {
            responses.close();
            SocketTransfer.closeQuietly(channel);
            server.closed(this, reason, detail);
        }
    }

    @Override
    public String toString() {
        return peerAddress.toString();
    }
}
