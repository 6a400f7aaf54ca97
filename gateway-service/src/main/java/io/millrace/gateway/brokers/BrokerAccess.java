package io.millrace.gateway.brokers;

import io.millrace.common.wire.BrokerClient;

/** What a call needs to find and ask leaders. */
record BrokerAccess(Topics topics, Leaders leaders, BrokerClient client, BrokersProperties properties) {}
