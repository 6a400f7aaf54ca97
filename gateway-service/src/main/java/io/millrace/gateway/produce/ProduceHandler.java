package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.edge.GatewayProperties;
import io.millrace.gateway.producer.Delivery;
import io.millrace.gateway.producer.Delivery.LossListener;
import io.millrace.gateway.producer.IdempotencyKeys;
import io.millrace.gateway.producer.Producer;
import io.millrace.gateway.producer.ProducerMeters;
import io.millrace.gateway.producer.ProducerProperties;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Takes records. Reads and writes bytes by itself: no converter, no tree, no object per record between the socket and the batch. */
@Component
class ProduceHandler {
    private static final String ANSWER_TYPE = "application/vnd.kafka.v2+json";

    private final Topics topics;
    private final Producer producer;
    private final LineProduce lines;
    private final AsyncLosses asyncLosses;
    private final ProducerMeters meters;
    private final Duration answerTimeout;
    private final int maxBodyBytes;
    private final ProduceProperties limits;
    private final ProduceScratches scratches;

    ProduceHandler(Topics topics, Producer producer, LineProduce lines, ProducerMeters meters,
            AsyncLosses asyncLosses, ProducerProperties producerProperties, ProduceProperties produceProperties,
            GatewayProperties properties, BodyMemory memory) {
        this.lines = lines;
        this.topics = topics;
        this.producer = producer;
        this.asyncLosses = asyncLosses;
        this.meters = meters;
        this.answerTimeout = producerProperties.answerTimeout();
        this.maxBodyBytes = (int) properties.maxBodySize().toBytes();
        this.limits = produceProperties;
        this.scratches = new ProduceScratches(memory, produceProperties.maxRecords());
    }

    void produce(String topic, HttpServletRequest request, HttpServletResponse response) throws IOException,
            InterruptedException {
        produceTimed(topic, RecordSlices.ANY_PARTITION, request, response);
    }

    void produceToPartition(String topic, int partition, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        if (partition < 0) {
            throw Topics.unknownPartition(topics.require(topic), partition);
        }
        produceTimed(topic, partition, request, response);
    }

    private void produceTimed(String topic, int partition, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        long begun = System.nanoTime();
        // What is thrown and not refused is a bug or the shutdown: 500 or 503.
        int status = HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
        boolean clientLeft = false;
        try {
            TopicImage image = topics.requireOrCreate(topic);
            if (partition != RecordSlices.ANY_PARTITION && image.partition(partition) == null) {
                throw Topics.unknownPartition(image, partition);
            }
            produce(image, partition, request, response);
            status = HttpServletResponse.SC_OK;
        } catch (RefusedException refusal) {
            status = refusal.code().httpStatus();
            throw refusal;
        } catch (IOException failure) {
            clientLeft = true;
            throw failure;
        } finally {
            long durationNanos = System.nanoTime() - begun;
            if (clientLeft) {
                meters.clientLeft(durationNanos);
            } else {
                meters.answered(status, durationNanos);
            }
        }
    }

    private void produce(TopicImage topic, int partition, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        BodyType type = CloudEventRecords.isBinaryMode(request) ? BodyType.EVENT_DATA
                : BodyType.of(request.getContentType());
        QueryParameters query = QueryParameters.of(request.getQueryString());
        boolean isAsync = query.isAsync();
        if (type == BodyType.LINES) {
            if (isAsync) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "async: lines are reported while they come");
            }
            lines.produce(topic, partition, request, response);
            return;
        }
        RequestKey key = IdempotencyKeys.read(request.getHeader(IdempotencyKeys.HEADER), topic);
        ProduceScratch scratch = scratches.take();
        try {
            read(request, response, scratch);
            find(type, request, query, partition, scratch);
            scratch.countRecords();
            LossListener losses = isAsync ? (lostPartition, records, error) -> asyncLosses.lost(topic.name(),
                    lostPartition, records, error) : null;
            Delivery delivery = send(topic, scratch, key, losses);
            // What is known to be refused is told at once: nobody would hear of it otherwise.
            if (!isAsync) {
                delivery.await(answerTimeout);
                answer(topic, delivery, true, scratch, response);
            } else if (ProduceAnswer.anyRefused(delivery)) {
                answer(topic, delivery, false, scratch, response);
            } else {
                response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            }
        } finally {
            scratch.release();
        }
        // Not given back after an exception: that is rare, and simpler.
        scratches.give(scratch);
    }

    /** Finds the records in the scratch's body. */
    private void find(BodyType type, HttpServletRequest request, QueryParameters query, int partition,
            ProduceScratch scratch) {
        switch (type) {
            case PLAIN_TEXT, BYTES -> SingleRecord.read(request, query, type, partition, scratch);
            case EVENT, EVENTS -> CloudEventRecords.readStructured(type == BodyType.EVENTS, partition, limits, scratch);
            case EVENT_DATA -> CloudEventRecords.readBinary(request, partition, scratch);
            case JSON, TEXT, BINARY, LINES -> scratch.parser.parse(scratch.body(), scratch.length(), type.format(),
                    partition, scratch.records);
        }
    }

    private void read(HttpServletRequest request, HttpServletResponse response, ProduceScratch scratch)
            throws IOException {
        if (RequestBody.isCompressed(request, response)) {
            try (InputStream in = RequestBody.open(request, true)) {
                scratch.body.read(in, -1, maxBodyBytes);
            }
        } else {
            scratch.body.read(request.getInputStream(), request.getContentLengthLong(), maxBodyBytes);
        }
    }

    private Delivery send(TopicImage topic, ProduceScratch scratch, @Nullable RequestKey key,
            @Nullable LossListener losses) {
        long nowMs = System.currentTimeMillis();
        return key == null ? producer.send(topic, scratch.records, nowMs, losses)
                : producer.sendOnce(topic, scratch.records, key, nowMs, losses);
    }

    private static void answer(TopicImage topic, Delivery delivery, boolean isAwaited, ProduceScratch scratch,
            HttpServletResponse response) throws IOException {
        RefusedException refusal = ProduceAnswer.wholeRefusal(topic, delivery, isAwaited);
        if (refusal != null) {
            throw refusal;
        }
        response.setContentType(ANSWER_TYPE);
        OutputStream out = response.getOutputStream();
        if (ProduceAnswer.write(topic, delivery, isAwaited, scratch.answer, out)) {
            response.setContentLength(scratch.answer.size());
        }
        scratch.answer.writeTo(out);
    }
}
