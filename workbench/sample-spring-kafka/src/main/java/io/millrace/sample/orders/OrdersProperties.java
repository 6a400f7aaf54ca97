package io.millrace.sample.orders;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where orders go.
 *
 * @param topic       made at start-up, unless it is there
 * @param partitions  of the topic
 * @param group       of the listeners
 * @param concurrency listeners of one process
 */
@ConfigurationProperties("orders")
record OrdersProperties(@DefaultValue("orders-sample") String topic, @DefaultValue("6") int partitions,
        @DefaultValue("order-desk") String group, @DefaultValue("3") int concurrency) {}
