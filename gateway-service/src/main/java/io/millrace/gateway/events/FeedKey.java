package io.millrace.gateway.events;

import io.millrace.gateway.records.RecordFormat;

/** Streams that agree in this share a feed. */
record FeedKey(Subscription subscription, RecordFormat format) {}
