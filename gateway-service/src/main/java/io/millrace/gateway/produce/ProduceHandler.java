package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.GatewayProperties;
import io.millrace.gateway.producer.Delivery;
import io.millrace.gateway.producer.Delivery.LossListener;
import io.millrace.gateway.producer.IdempotencyKeys;
import io.millrace.gateway.producer.Producer;
import io.millrace.gateway.producer.ProducerMeters;
import io.millrace.gateway.producer.ProducerProperties;
import io.millrace.gateway.records.RecordFormat;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Takes records. Reads and writes bytes by itself: no converter, no tree, no object per record between the socket and the batch. */
@Component
class ProduceHandler {
    private static final String ANSWER_TYPE = "application/vnd.kafka.v2+json";

    private final Topics topics;
    private final Producer producer;
    private final AsyncLosses asyncLosses;
    private final ProducerMeters meters;
    private final Duration answerTimeout;
    private final int maxBodyBytes;
    private final ProduceScratches scratches = new ProduceScratches();

    ProduceHandler(Topics topics, Producer producer, ProducerMeters meters, AsyncLosses asyncLosses,
            ProducerProperties producerProperties, GatewayProperties properties) {
        this.topics = topics;
        this.producer = producer;
        this.asyncLosses = asyncLosses;
        this.meters = meters;
        this.answerTimeout = producerProperties.answerTimeout();
        this.maxBodyBytes = (int) properties.maxBodySize().toBytes();
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
            TopicImage image = topics.require(topic);
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
        boolean isAsync = isAsync(request.getQueryString());
        RequestKey key = IdempotencyKeys.read(request.getHeader(IdempotencyKeys.HEADER), topic);
        RecordFormat format = formatOf(request.getContentType());
        ProduceScratch scratch = scratches.take();
        scratch.read(request.getInputStream(), request.getContentLengthLong(), maxBodyBytes);
        scratch.parser.parse(scratch.body(), scratch.length(), format, partition, scratch.records);
        if (isAsync) {
            Delivery delivery = send(topic, scratch, key,
                    (lostPartition, records, error) -> asyncLosses.lost(topic.name(), lostPartition, records, error));
            // What is known to be refused is told: nobody would hear of it otherwise.
            if (ProduceAnswer.anyRefused(delivery)) {
                answer(topic, delivery, false, scratch, response);
            } else {
                response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            }
        } else {
            Delivery delivery = send(topic, scratch, key, null);
            delivery.await(answerTimeout);
            answer(topic, delivery, true, scratch, response);
        }
        // Not given back after an exception: that is rare, and simpler.
        scratches.give(scratch);
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
        ProduceAnswer.write(topic, delivery, isAwaited, scratch.answer);
        response.setContentType(ANSWER_TYPE);
        response.setContentLength(scratch.answer.size());
        scratch.answer.writeTo(response.getOutputStream());
    }

    /** Whatever is not one of the record types is taken for JSON: many a client names its body wrongly or not at all. */
    private static RecordFormat formatOf(String contentType) {
        RecordFormat named = RecordFormat.named(contentType);
        return named == null ? RecordFormat.JSON : named;
    }

    /** Before anything is taken. By hand: asked for a parameter, the container may take a body of the wrong type for a form and read it. */
    private static boolean isAsync(@Nullable String query) {
        if (query == null) {
            return false;
        }
        for (String parameter : query.split("&")) {
            int equals = parameter.indexOf('=');
            String name = equals < 0 ? parameter : parameter.substring(0, equals);
            if (name.equals("async")) {
                return switch (equals < 0 ? "" : parameter.substring(equals + 1)) {
                    case "true" -> true;
                    case "false" -> false;
                    case String wrong -> throw new RefusedException(ErrorCode.INVALID_REQUEST, "async: '" + wrong
                            + "' is not true or false");
                };
            }
        }
        return false;
    }
}
