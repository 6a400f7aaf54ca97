package io.millrace.gateway.producer;

/** An idempotent producer's identity, from InitProducerId. */
record ProducerId(long id, short epoch) {}
