package io.millrace.coordinator.leadership;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.LeaseKeeper;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.group.runtime.ShardLeases;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
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
    private final LeaseSettings leases;
    private final CoordinatorSettings settings;
    private final Environment environment;
    private final ControllerRole controller;
    private final ShardLeases shards;
    private final List<LeaseKeeper> keepers = new ArrayList<>();

    Leadership(
            PostgresConnections connections,
            LeaseSettings leases,
            CoordinatorSettings settings,
            Environment environment,
            ControllerRole controller,
            ShardLeases shards) {
        this.connections = connections;
        this.leases = leases;
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
        keep(List.of(ClusterImage.CONTROLLER_LEASE), controller, holder, baseUrl);
        keep(ShardLeases.names(), shards, holder, baseUrl);
    }

    private void keep(Collection<String> names, LeaseListener listener, String holder, String baseUrl) {
        var keeper = new LeaseKeeper(connections, leases.timing(), holder, baseUrl, names, listener);
        keepers.add(keeper);
        keeper.start();
    }

    @Override
    public void stop() {
        keepers.forEach(LeaseKeeper::close);
        keepers.clear();
    }

    @Override
    public boolean isRunning() {
        return !keepers.isEmpty();
    }

    @Override
    public int getPhase() {
        return Math.max(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE,
                WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE) + 1;
    }
}
