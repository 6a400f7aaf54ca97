package io.millrace.coordinator.listener;

import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.wire.WireServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Listens for Kafka clients for as long as this coordinator may hold a lease, since holding one means to be called. */
@Component
public class KafkaListener implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaListener.class);

    private final ListenerSettings settings;
    private final CoordinatorRequests requests;
    private volatile @Nullable WireServer server;

    KafkaListener(ListenerSettings settings, CoordinatorRequests requests) {
        this.settings = settings;
        this.requests = requests;
    }

    @Override
    public void start() {
        try {
            WireServer started = WireServer.bind(settings.wire(), CoordinatorApis.SUPPORTED, requests);
            started.start();
            server = started;
            LOG.info("Listening for Kafka clients on {}:{}", settings.wire().bindHost(), started.port());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where Kafka clients reach this coordinator, while it listens. */
    public CoordinatorNode address() {
        return new CoordinatorNode(settings.advertisedHost(), settings.advertisedPort() == 0 ? server().port()
                : settings.advertisedPort());
    }

    WireServer server() {
        WireServer listening = server;
        if (listening == null) {
            throw new IllegalStateException("the Kafka listener is not started");
        }
        return listening;
    }

    @Override
    public void stop() {
        WireServer stopped = server;
        server = null;
        if (stopped != null) {
            stopped.shutdown(settings.shutdownGrace());
        }
    }

    @Override
    public boolean isRunning() {
        return server != null;
    }

    /** Started before the leases are competed for, and stopped after they are given back. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE;
    }
}
