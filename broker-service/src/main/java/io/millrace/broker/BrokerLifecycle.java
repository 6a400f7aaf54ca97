package io.millrace.broker;

import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Starts the broker after the HTTP server, whose port it registers, and stops it before. */
@Component
final class BrokerLifecycle implements SmartLifecycle {
    private final Broker broker;

    BrokerLifecycle(Broker broker) {
        this.broker = broker;
    }

    @Override
    public void start() {
        broker.start();
    }

    @Override
    public void stop() {
        broker.stop();
    }

    @Override
    public boolean isRunning() {
        return broker.running() != null;
    }

    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE;
    }
}
