package io.millrace.common.api;

import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;

/** Producer ids for idempotent producers, handed to brokers in blocks, as Kafka's AllocateProducerIds; served by the controller. */
@HttpExchange("/internal/producer-ids")
public interface ProducerIdsApi {
    /** A block that nobody else has or will get. */
    @Repeatable
    @PostExchange
    ProducerIdBlock allocate();

    /** Ids {@code first} to {@code first + size - 1}. */
    record ProducerIdBlock(long first, int size) {}
}
