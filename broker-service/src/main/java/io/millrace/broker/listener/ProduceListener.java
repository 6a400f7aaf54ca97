package io.millrace.broker.listener;

import org.apache.kafka.common.protocol.Errors;

/** Told of what producers send; called for each partition of a request, so it must be quick. */
public interface ProduceListener {
    void appended(int bytes);

    void refused(Errors error);
}
