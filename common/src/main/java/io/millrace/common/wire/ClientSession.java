package io.millrace.common.wire;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;
import org.jspecify.annotations.Nullable;

/**
 * One open connection to a broker. Any thread submits; a writer, started when there is something to write and gone when there
 * is not, sends all that gathered in one call to the socket; one reader completes answers.
 *
 * <p>Callers never touch the socket: interrupting a thread closes the channel that it is in, and this one is shared.
 */
final class ClientSession {
    private static final int INBOUND_BYTES = 64 * 1024;
    private static final int CORRELATION_ID_OFFSET = Integer.BYTES + Short.BYTES + Short.BYTES;
    /** What one gathering write takes; the kernel takes at most 1024 buffers. */
    private static final int MAX_BUFFERS_PER_WRITE = 256;

    private final BrokerEndpoint broker;
    private final BrokerClientConfig config;
    private final SocketChannel channel;
    private final ApiVersionRanges versions;
    private final FrameReader reader;
    private final ReentrantLock lock = new ReentrantLock();
    /** In-flight requests; the low bits of the correlation id are the index. */
    private final @Nullable PendingRequest<?>[] inFlight;
    private final ArrayDeque<PendingRequest<?>> outbound = new ArrayDeque<>();
    private int inFlightCount;
    private int nextCorrelationId = 1;
    private boolean writing;
    private long lastUsedNanos = System.nanoTime();
    private volatile long lastReceivedNanos = System.nanoTime();
    private volatile @Nullable DisconnectedException lost;

    private ClientSession(BrokerEndpoint broker, BrokerClientConfig config, SocketChannel channel,
            ApiVersionRanges versions,
            FrameReader reader) {
        this.broker = broker;
        this.config = config;
        this.channel = channel;
        this.versions = versions;
        this.reader = reader;
        this.inFlight = new PendingRequest<?>[Integer.highestOneBit(Math.max(2, config.maxInFlight() * 2 - 1))];
    }

    static ClientSession open(BrokerEndpoint broker, Lane lane, BrokerClientConfig config, SocketChannel channel)
            throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        SocketTransfer.setBufferSizes(channel, config.socketSendBuffer(), config.socketReceiveBuffer());
        channel.connect(new InetSocketAddress(broker.host(), broker.port()));
        FrameReader reader = new FrameReader(channel, INBOUND_BYTES, Math.toIntExact(config.maxResponseSize()
                .toBytes()));
        ApiVersionRanges versions = ClientHandshake.negotiate(channel, reader, config.clientId(), lane.softwareName());
        return new ClientSession(broker, config, channel, versions, reader);
    }

    boolean isOpen() {
        return lost == null;
    }

    /** False when the connection is lost and the request was not taken; otherwise the request is or will be answered or failed. */
    boolean submit(PendingRequest<?> request) {
        try {
            encode(request);
        } catch (RuntimeException e) {
            request.failWith(e);
            return true;
        }
        lock.lock();
        try {
            if (lost != null) {
                return false;
            }
            if (inFlightCount >= config.maxInFlight()) {
                request.failWith(new InFlightLimitException(broker, config.maxInFlight()));
                return true;
            }
            enqueue(request);
        } finally {
            lock.unlock();
        }
        return true;
    }

    private void encode(PendingRequest<?> request) {
        request.version = versions.choose(request.builder());
        AbstractRequest body = request.builder().build(request.version);
        if (body instanceof ProduceRequest produce && produce.acks() == 0) {
            throw new IllegalArgumentException("a produce request with acks=0 has no answer to wait for");
        }
        request.frame = FrameWriter.frame(new RequestHeader(request.apiKey(), request.version, config.clientId(), 0),
                body);
    }

    private void enqueue(PendingRequest<?> request) {
        int mask = inFlight.length - 1;
        while (inFlight[nextCorrelationId & mask] != null) {
            nextCorrelationId++;
        }
        request.correlationId = nextCorrelationId++;
        ByteBuffer[] frame = request.frame;
        if (frame != null) {
            frame[0].putInt(CORRELATION_ID_OFFSET, request.correlationId);
        }
        request.enqueuedNanos = System.nanoTime();
        lastUsedNanos = request.enqueuedNanos;
        inFlight[request.correlationId & mask] = request;
        inFlightCount++;
        outbound.add(request);
        if (!writing) {
            writing = true;
            Thread.ofVirtual().name("broker-client-write-" + broker.id()).start(this::writeRequests);
        }
    }

    private void writeRequests() {
        List<ByteBuffer> buffers = new ArrayList<>();
        try {
            while (takeOutbound(buffers)) {
                SocketTransfer.writeFully(channel, buffers.toArray(ByteBuffer[]::new));
                buffers.clear();
            }
        } catch (IOException | RuntimeException e) {
            close("write failed: " + e.getMessage(), e);
        }
    }

    private boolean takeOutbound(List<ByteBuffer> buffers) {
        lock.lock();
        try {
            PendingRequest<?> request;
            while (buffers.size() < MAX_BUFFERS_PER_WRITE && (request = outbound.poll()) != null) {
                ByteBuffer[] frame = request.frame;
                if (frame != null) {
                    buffers.addAll(List.of(frame));
                }
                request.frame = null;
            }
            writing = !buffers.isEmpty();
            return writing;
        } finally {
            lock.unlock();
        }
    }

    /** Completes answers until the connection ends. */
    void readResponses() {
        try {
            while (isOpen()) {
                int correlationId = reader.awaitFrame();
                lastReceivedNanos = System.nanoTime();
                readResponse(take(correlationId));
            }
        } catch (EOFException e) {
            close("the broker closed the connection", e);
        } catch (IOException | RuntimeException e) {
            close("read failed: " + e.getMessage(), e);
        }
    }

    private void readResponse(PendingRequest<?> request) throws IOException {
        try {
            if (request.abandoned()) {
                reader.skipFrame();
            } else if (!request.admits(reader.frameBytes())) {
                reader.skipFrame();
                request.failWith(new ResponseRefusedException(broker, reader.frameBytes()));
            } else {
                // Records of a fetch must outlive the shared buffer; everything else is copied out while parsing.
                ByteBuffer frame = reader.takeFrame(request.apiKey() == ApiKeys.FETCH);
                ResponseHeader.parse(frame, request.apiKey().responseHeaderVersion(request.version));
                request.answerWith(AbstractResponse.parseResponse(request.apiKey(), new ByteBufferAccessor(frame),
                        request.version));
                reader.releaseFrame();
            }
        } catch (IOException | RuntimeException e) {
            // It is in flight no more, so that the session's end would not tell it.
            request.failWith(new DisconnectedException(broker, "the connection was lost within the response", e));
            throw e;
        }
    }

    private PendingRequest<?> take(int correlationId) throws IOException {
        lock.lock();
        try {
            int index = correlationId & (inFlight.length - 1);
            PendingRequest<?> request = inFlight[index];
            if (request == null || request.correlationId != correlationId) {
                throw new IOException("an answer with the unknown correlation id " + correlationId);
            }
            inFlight[index] = null;
            inFlightCount--;
            return request;
        } finally {
            lock.unlock();
        }
    }

    /** Fails what took too long; closes the connection when it is idle, or when the broker has been silent meanwhile. */
    void expire(long nowNanos) {
        List<PendingRequest<?>> expired = new ArrayList<>();
        boolean silent = false;
        lock.lock();
        try {
            if (inFlightCount == 0) {
                if (nowNanos - lastUsedNanos > config.idleTimeout().toNanos()) {
                    // Under the lock, so that no request slips into a connection that is given up.
                    close("idle", null);
                }
                return;
            }
            for (PendingRequest<?> request : inFlight) {
                if (request != null && !request.abandoned() && request.expired(nowNanos)) {
                    expired.add(request);
                    silent |= lastReceivedNanos - request.enqueuedNanos < 0;
                }
            }
        } finally {
            lock.unlock();
        }
        expired.forEach(request -> request.failWith(new RequestTimedOutException(broker, request.apiKey().name, request
                .timeout())));
        if (silent) {
            close("the broker has not answered for longer than a request's timeout", null);
        }
    }

    void close(String reason, @Nullable Throwable cause) {
        List<PendingRequest<?>> failed = new ArrayList<>();
        DisconnectedException failure = new DisconnectedException(broker, reason, cause);
        lock.lock();
        try {
            if (lost != null) {
                return;
            }
            lost = failure;
            for (int i = 0; i < inFlight.length; i++) {
                PendingRequest<?> request = inFlight[i];
                if (request != null) {
                    failed.add(request);
                    inFlight[i] = null;
                }
            }
            inFlightCount = 0;
            outbound.clear();
        } finally {
            lock.unlock();
        }
        SocketTransfer.closeQuietly(channel);
        failed.forEach(request -> request.failWith(failure));
    }
}
