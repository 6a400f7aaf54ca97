package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.brokers.Shutdown;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.StreamedBodies;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.memory.StreamMemory;
import io.millrace.gateway.memory.StreamShare;
import io.millrace.gateway.producer.IdempotencyKeys;
import io.millrace.gateway.producer.Producer;
import io.millrace.gateway.producer.ProducerProperties;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Produces a stream of lines, and answers with a stream of what became of each. */
@Component
class LineProduce implements StreamedBodies, CountedMemory {
    private static final String PATHS = "/topics/";
    private static final String CONFLUENT_PATHS = "/confluent" + PATHS;
    private static final String ANSWER_TYPE = "application/x-ndjson";
    /** Its buffer, and its window's first bytes. */
    private static final int FIRST_BYTES = 2 * LineStream.FIRST_BYTES;
    private static final long MEMORY_CHECK_NANOS = 2_000_000;

    private final Topics topics;
    private final Producer producer;
    private final Shutdown shutdown;
    private final ProduceProperties properties;
    private final Duration answerTimeout;
    private final Semaphore streams;
    private final StreamMemory memory;
    private final Map<LineReports, OpenStream> open = new ConcurrentHashMap<>();

    private record OpenStream(TopicImage topic, HttpServletResponse response) {}

    LineProduce(Topics topics, Producer producer, Shutdown shutdown, ProduceProperties properties,
            ProducerProperties producerProperties) {
        this.topics = topics;
        this.producer = producer;
        this.shutdown = shutdown;
        this.properties = properties;
        this.answerTimeout = producerProperties.answerTimeout();
        this.streams = new Semaphore(properties.maxStreams());
        this.memory = new StreamMemory(properties.streamMemory().toBytes(), answerTimeout, "the streams of lines");
        shutdown.onBegin(this::endAll);
    }

    @Override
    public boolean areOf(HttpServletRequest request) {
        String path = request.getRequestURI();
        return (path.startsWith(PATHS) || path.startsWith(CONFLUENT_PATHS)) && LineTypes.isLines(request
                .getContentType());
    }

    @Override
    public String kind() {
        return "lines";
    }

    @Override
    public MemoryBudget budget() {
        return memory.budget();
    }

    void produce(TopicImage topic, int partition, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        String header = request.getHeader(IdempotencyKeys.HEADER);
        String key = header == null ? null : IdempotencyKeys.text(header);
        boolean isCompressed = RequestBody.isCompressed(request, response);
        if (!streams.tryAcquire()) {
            throw new RefusedException(ErrorCode.QUEUE_FULL, "there are " + properties.maxStreams()
                    + " streams of lines already; try again later");
        }
        try {
            try (var share = memory.open(FIRST_BYTES)) {
                report(topic, partition, key, isCompressed, share, request, response);
            }
        } finally {
            streams.release();
        }
    }

    private void report(TopicImage topic, int partition, @Nullable String key, boolean isCompressed,
            StreamShare share, HttpServletRequest request, HttpServletResponse response) throws IOException,
            InterruptedException {
        LineReports reports = new LineReports(response.getOutputStream(), (int) properties.streamWindow().toBytes(),
                memory.budget(), answerTimeout);
        var sending = new Sending(topic.name(), key, reports, share);
        response.setContentType(ANSWER_TYPE);
        open.put(reports, new OpenStream(topic, response));
        try {
            var lines = new LineStream(sending, partition, key != null, (int) properties.maxLineSize().toBytes());
            stream(lines, request, isCompressed, reports, new LineChunk(topic));
        } finally {
            open.remove(reports);
            reports.close();
        }
    }

    /** Readers may wait for lines that come late or never: the reports end for them. */
    private void endAll() {
        open.forEach((reports, stream) -> reports.endEarly(shuttingDown(), new LineChunk(stream.topic), () -> {
            stream.response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            stream.response.setHeader("Retry-After", "1");
        }));
    }

    private static RefusedException shuttingDown() {
        return new RefusedException(ErrorCode.UNAVAILABLE,
                "the gateway is shutting down; send the lines that follow to another");
    }

    /** What ends the stream before its time is the last line of the answer, or all of it. */
    private static void stream(LineStream lines, HttpServletRequest request, boolean isCompressed,
            LineReports reports, LineChunk last) throws IOException, InterruptedException {
        boolean isOver = false;
        try (InputStream in = RequestBody.open(request, isCompressed)) {
            lines.readAll(in);
            isOver = true;
        } catch (RefusedException refusal) {
            isOver = reports.haveBegun();
            if (!isOver) {
                throw refusal;
            }
            last.end = refusal;
        } catch (SocketTimeoutException timeout) {
            isOver = reports.haveBegun();
            if (!isOver) {
                throw timeout;
            }
            last.end = new RefusedException(ErrorCode.BODY_TOO_SLOW, "no further line came in time");
        } finally {
            if (!isOver) {
                reports.giveUp();
            }
        }
        reports.finish(last);
    }

    /** Sends one stream's chunks. */
    private final class Sending implements LineStream.Target {
        private final String topic;
        private final @Nullable String key;
        private final LineReports reports;
        private final StreamShare share;
        private long chunks;

        private Sending(String topic, @Nullable String key, LineReports reports, StreamShare share) {
            this.share = share;
            this.topic = topic;
            this.key = key;
            this.reports = reports;
        }

        @Override
        public TopicImage topic() {
            return topics.requireOrCreate(topic);
        }

        @Override
        public void progresses() {
            share.checkProgress();
        }

        @Override
        public void reserve(int moreBytes) throws InterruptedException {
            share.reserve(moreBytes);
        }

        @Override
        public void release(int bytes) {
            share.release(bytes);
        }

        @Override
        public void take(LineChunk chunk, RecordSlices records) throws IOException, InterruptedException {
            reports.awaitRoom(chunk);
            awaitMemory(records);
            reports.add(chunk, it -> send(it, records));
            chunks++;
            if (shutdown.hasBegun()) {
                throw shuttingDown();
            }
        }

        private void send(LineChunk chunk, RecordSlices records) {
            long nowMs = System.currentTimeMillis();
            try {
                chunk.delivery = key == null ? producer.send(chunk.topic, records, nowMs)
                        : producer.sendOnce(chunk.topic, records, IdempotencyKeys.part(key, chunks, chunk.topic), nowMs,
                                null);
            } catch (RefusedException refusal) {
                chunk.refusal = refusal;
            }
        }

        /** Others' records may fill the producer's memory: a stream waits where a request is refused. */
        private void awaitMemory(RecordSlices records) throws InterruptedException {
            long deadline = System.nanoTime() + answerTimeout.toNanos();
            while (!producer.hasRoomFor(records) && System.nanoTime() < deadline) {
                pause();
            }
        }

        private void pause() throws InterruptedException {
            LockSupport.parkNanos(this, MEMORY_CHECK_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }
}
