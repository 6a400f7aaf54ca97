package io.millrace.broker;

import io.millrace.broker.listener.BrokerRequests;
import io.millrace.broker.partition.MetadataWrites;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.recovery.LogReporter;
import io.millrace.broker.replication.fetch.ReplicaFetchers;
import io.millrace.broker.storage.DirectoryIdentity;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.incarnation.LogReports;
import io.millrace.common.lease.BrokerIdInUseException;
import io.millrace.common.lease.BrokerIdentity;
import io.millrace.common.lease.BrokerRegistration;
import io.millrace.common.lease.BrokerRemovedException;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.lease.RegistrationEndedException;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.WireServer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts and stops the broker's parts in their order.
 *
 * <pre>
 *   start: metadata image, data directory with recovery, port, partitions, registration, accepting connections, ready
 *   stop:  leadership handed over, no more connections, requests under way answered, logs flushed and marked as cleanly closed,
 *          registration ended
 * </pre>
 */
final class Broker {
    private static final Logger LOG = LoggerFactory.getLogger(Broker.class);

    private static final int EXIT_ID_TAKEN = 2;
    private static final int EXIT_STORAGE_FAILED = 3;
    private static final int EXIT_REMOVED = 4;

    /** Of all its parts. */
    record Settings(
            BrokerSettings broker,
            StorageProperties storage,
            ReplicationSettings replication,
            LeaseSettings lease) {}

    /**
     * What it needs of the rest of the process.
     *
     * @param exit ends the process with a code; returns at once
     */
    record Environment(
            ClusterImages images,
            PostgresConnections connections,
            ServiceClients services,
            AutoCreation autoCreation,
            MetadataWrites metadata,
            LogReports reports,
            IntSupplier httpPort,
            IntConsumer exit) {}

    private final BrokerSettings settings;
    private final StorageProperties storage;
    private final ReplicationSettings replication;
    private final LeaseSettings lease;
    private final Environment environment;
    private final BrokerMeters meters;
    private volatile @Nullable BrokerRegistration registered;
    private volatile boolean nothingToHandOver;
    private volatile @Nullable Running running;

    /** All parts, once they run. */
    record Running(
            LogDirectory logs,
            Partitions partitions,
            ReplicaFetchers fetchers,
            LogReporter reporter,
            BrokerRequests requests,
            WireServer server,
            BrokerRegistration registration) {}

    Broker(Settings settings, Environment environment, BrokerMeters meters) {
        this.settings = settings.broker();
        this.storage = settings.storage();
        this.replication = settings.replication();
        this.lease = settings.lease();
        this.environment = environment;
        this.meters = meters;
    }

    @Nullable
    Running running() {
        return running;
    }

    int id() {
        return settings.id();
    }

    /** @throws BrokerStartException with the reason; nothing runs then */
    void start() {
        ClusterImage image = awaitImage();
        LogDirectory logs = openLogs(image);
        Partitions partitions = new Partitions(settings.id(), this::epoch, environment.images(), logs, environment
                .metadata(), replication);
        ReplicaFetchers fetchers = new ReplicaFetchers(settings.id(), this::epoch, partitions, replication, Clock
                .systemUTC());
        LogReporter reporter = new LogReporter(settings.id(), this::epoch, partitions, logs, environment
                .reports());
        BrokerRequests requests = new BrokerRequests(BrokerConfigs.of(settings, storage, replication, environment
                .autoCreation().isEnabled()), partitions,
                environment.images(), environment.services(), environment.autoCreation(),
                settings.fetch(), settings.forward(), meters, Clock.systemUTC());
        WireServer server = null;
        BrokerRegistration registration = null;
        try {
            server = WireServer.bind(settings.kafka(), BrokerRequests.supported(), requests);
            registration = register(logs, server.port());
            registered = registration;
            environment.images().subscribe(partitions);
            environment.images().subscribe(reporter);
            environment.images().subscribe(fetchers);
            partitions.whenRetried(() -> fetchers.imageChanged(environment.images().current(), environment.images()
                    .current()));
            server.start();
            logs.whenFailed(this::storageFailed);
            registration.ready();
        } catch (IOException | RuntimeException e) {
            fetchers.close();
            reporter.close();
            partitions.close();
            closeAfterFailure(logs, server, registration);
            throw new BrokerStartException(String.valueOf(e.getMessage()), e);
        }
        running = new Running(logs, partitions, fetchers, reporter, requests, server, registration);
        LOG.info("Broker {} of cluster {} listens for Kafka clients on {}:{}, epoch {}", settings.id(), image
                .clusterId(),
                settings.kafka().bindHost(), server.port(), registration.epoch());
    }

    /** Of the present registration; -1 before the first. */
    private long epoch() {
        BrokerRegistration present = registered;
        return present == null ? -1 : present.epoch();
    }

    private ClusterImage awaitImage() {
        try {
            if (!environment.images().awaitVersion(0, settings.startTimeout())) {
                throw new BrokerStartException("no cluster metadata from " + environment.connections() + " within "
                        + settings.startTimeout().toSeconds() + " s", null);
            }
            return environment.images().current();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BrokerStartException("interrupted while waiting for the cluster's metadata", e);
        }
    }

    private LogDirectory openLogs(ClusterImage image) {
        try {
            return LogDirectory.open(storage, new DirectoryIdentity(image.clusterId(), settings.id()), (topic,
                    id) -> config(image, id),
                    Clock.systemUTC());
        } catch (IOException | RuntimeException e) {
            throw new BrokerStartException("the data directory " + storage.directory() + " cannot be used: " + e
                    .getMessage(), e);
        }
    }

    private static TopicConfig config(ClusterImage image, Uuid topicId) {
        TopicImage topic = image.topic(topicId);
        return topic == null ? TopicConfig.DEFAULT : TopicConfig.ofStored(topic.configs());
    }

    private BrokerRegistration register(LogDirectory logs, int port) {
        int kafkaPort = settings.advertisedKafkaPort() == 0 ? port : settings.advertisedKafkaPort();
        String url = settings.advertisedHttpUrl();
        String httpUrl = url == null || url.isBlank() ? "http://" + settings.advertisedHost() + ":" + environment
                .httpPort().getAsInt()
                : url.replaceAll("/+$", "");
        UUID directoryId = new UUID(logs.directoryId().getMostSignificantBits(), logs.directoryId()
                .getLeastSignificantBits());
        BrokerRegistration registration = new BrokerRegistration(environment.connections(), lease.timing(),
                new BrokerIdentity(settings.id(), directoryId, settings.advertisedHost(), kafkaPort, httpUrl, logs
                        .lastBrokerEpoch().orElse(BrokerIdentity.NEVER_REGISTERED), logs.tailLost()),
                environment.images()::knowledge, logs::rememberRegistration, this::registrationEnded);
        try {
            registration.start(settings.startTimeout());
            return registration;
        } catch (TimeoutException e) {
            registration.close();
            throw new BrokerStartException("it could not be registered with " + environment.connections() + " within "
                    + settings.startTimeout().toSeconds() + " s", e);
        } catch (InterruptedException e) {
            registration.close();
            Thread.currentThread().interrupt();
            throw new BrokerStartException("interrupted while registering", e);
        }
    }

    /**
     * Another process has this broker's id, or it is no member any more: whatever it did from now on could contradict those who are. Nobody
     * hands anything over to end that.
     */
    private void registrationEnded(RegistrationEndedException ended) {
        nothingToHandOver = true;
        LOG.error("This broker stops: {}", ended.getMessage());
        Running stopping = running;
        if (stopping != null) {
            stopping.server().close();
        }
        environment.exit().accept(switch (ended) {
            case BrokerIdInUseException _ -> EXIT_ID_TAKEN;
            case BrokerRemovedException _ -> EXIT_REMOVED;
        });
    }

    /** As Kafka's broker with its last log directory failed: others must lead, and only a new start can tell what the disk still has. */
    private void storageFailed() {
        nothingToHandOver = true;
        LOG.error("This broker stops: its data directory {} failed", storage.directory());
        // Not on the thread that met the failure, which others wait for.
        Thread.ofPlatform().name("storage-failed").start(() -> {
            BrokerRegistration present = registered;
            if (present != null) {
                present.close();
            }
            environment.exit().accept(EXIT_STORAGE_FAILED);
        });
    }

    /** Asks for others to lead what this broker leads, and to go on without it, and waits until they do. */
    private void handOver(BrokerRegistration registration) {
        ClusterImages images = environment.images();
        long deadlineNanos = System.nanoTime() + settings.handoverTimeout().toNanos();
        if (nothingToHandOver || !isNeeded(images.current())) {
            return;
        }
        registration.leave();
        try {
            long leftNanos;
            while (isNeeded(images.current()) && (leftNanos = deadlineNanos - System.nanoTime()) > 0) {
                images.awaitVersion(images.current().version() + 1, Duration.ofNanos(leftNanos));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (isNeeded(images.current())) {
            LOG.warn("Not all partitions could do without this broker within {} s", settings.handoverTimeout()
                    .toSeconds());
        }
    }

    /** Whether it leads what another could lead, or is in sync where others would have to wait for it. */
    private boolean isNeeded(ClusterImage image) {
        return image.topicsById().values().stream().flatMap(topic -> topic.partitions().stream())
                .anyMatch(partition -> partition.isr().contains(settings.id()) && partition.isr().stream().anyMatch(
                        id -> id != settings.id() && image.brokers().get(id) instanceof BrokerImage other
                                && !other.fenced() && !other.leaving() && !other.tailLost()));
    }

    private static void closeAfterFailure(LogDirectory logs, @Nullable WireServer server,
            @Nullable BrokerRegistration registration) {
        if (registration != null) {
            registration.close();
        }
        if (server != null) {
            server.close();
        }
        close(logs);
    }

    /** Once; what follows is without effect. */
    void stop() {
        Running stopping = running;
        running = null;
        if (stopping == null) {
            return;
        }
        handOver(stopping.registration());
        stopping.fetchers().close();
        stopping.reporter().close();
        stopping.partitions().stopWaiting();
        stopping.requests().stopWaiting();
        stopping.server().shutdown(settings.shutdownGrace());
        stopping.partitions().close();
        close(stopping.logs());
        stopping.registration().close();
        LOG.info("Broker {} has stopped", settings.id());
    }

    private static void close(LogDirectory logs) {
        try {
            logs.close();
        } catch (IOException e) {
            LOG.error("The logs were not closed in order; they will be recovered at the next start", e);
        }
    }

    /** Why the broker does not serve at present, or null while it does. */
    @Nullable
    String notReadyBecause() {
        Running now = running;
        if (now == null) {
            return "it is starting or stopping";
        }
        if (!now.server().isOpen()) {
            return "its Kafka port is closed";
        }
        String failure = now.logs().failure().orElse(null);
        if (failure != null) {
            return "its data directory failed: " + failure;
        }
        BrokerImage self = environment.images().current().brokers().get(settings.id());
        if (self == null || self.epoch() < now.registration().epoch()) {
            return "its registration is not seen yet";
        }
        if (self.epoch() > now.registration().epoch()) {
            return "it is registered again";
        }
        return self.fenced() ? "the controller has it fenced" : null;
    }
}
