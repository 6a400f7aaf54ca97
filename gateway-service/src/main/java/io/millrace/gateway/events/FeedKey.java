package io.millrace.gateway.events;

/** Streams that agree in this share a feed. */
record FeedKey(Subscription subscription, RecordView view) {}
