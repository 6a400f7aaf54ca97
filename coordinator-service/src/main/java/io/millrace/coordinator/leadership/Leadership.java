package io.millrace.coordinator.leadership;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseHolder;
import io.millrace.common.lease.LeaseKeeper;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.group.runtime.ShardLeases;
import io.millrace.coordinator.listener.KafkaListener;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Competes for the leases once this coordinator listens, since holding one means to be called; gives them back before it stops to
 * listen, so that callers find the next holder and not a closed port.
 */
@Component
@EnableConfigurationProperties(CoordinatorSettings.class)
class Leadership implements SmartLifecycle {
    private final PostgresConnections connections;
    private final CoordinatorSettings settings;
    private final Environment environment;
    private final KafkaListener listener;
    private final ControllerRole controller;
    private final ShardLeases shards;
    private @Nullable LeaseKeeper keeper;

    Leadership(
            PostgresConnections connections,
            CoordinatorSettings settings,
            Environment environment,
            KafkaListener listener,
            ControllerRole controller,
            ShardLeases shards) {
        this.listener = listener;
        this.connections = connections;
        this.settings = settings;
        this.environment = environment;
        this.controller = controller;
        this.shards = shards;
    }

    @Override
    public void start() {
        String port = environment.getRequiredProperty("local.server.port");
        String baseUrl = "http://" + settings.advertisedHost() + ":" + port;
        String holder = settings.advertisedHost() + ":" + port + "/" + UUID.randomUUID();
        var started = new LeaseKeeper(connections, settings.leaseTiming(), new LeaseHolder(holder, baseUrl, listener
                .address()),
                List.of(ClusterImage.CONTROLLER_LEASE), ShardLeases.names(), new Duties(controller, shards));
        keeper = started;
        started.start();
    }

    /** Who acts under which lease. */
    private record Duties(ControllerRole controller, ShardLeases shards) implements LeaseListener {
        @Override
        public void acquired(LeaseGrant grant) {
            of(grant).acquired(grant);
        }

        @Override
        public CompletableFuture<Void> leaving(LeaseGrant grant) {
            return of(grant).leaving(grant);
        }

        @Override
        public void lost(LeaseGrant grant) {
            of(grant).lost(grant);
        }

        private LeaseListener of(LeaseGrant grant) {
            return grant.name().equals(ClusterImage.CONTROLLER_LEASE) ? controller : shards;
        }
    }

    @Override
    public void stop() {
        var stopped = keeper;
        if (stopped != null) {
            stopped.close();
            keeper = null;
        }
    }

    @Override
    public boolean isRunning() {
        return keeper != null;
    }

    @Override
    public int getPhase() {
        return Math.max(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE,
                WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE) + 1;
    }
}
