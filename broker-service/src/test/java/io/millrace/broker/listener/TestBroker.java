package io.millrace.broker.listener;

import io.millrace.broker.listener.session.SessionLimits;
import io.millrace.broker.partition.MetadataWrites;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.storage.DirectoryIdentity;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.autocreate.AutoCreateSettings;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.listener.NodeConfigs;
import io.millrace.common.listener.NodeConfigs.NodeConfig;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.WireServer;
import io.millrace.common.wire.WireServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.springframework.util.unit.DataSize;

/** A broker's listener over real logs in a folder, with an image that the test writes. */
final class TestBroker implements AutoCloseable {
    static final int ID = 0;
    /** Requests on their way to the controller. */
    static final int MAX_CONCURRENT = 4;
    private static final FetchSettings FETCHES = new FetchSettings(DataSize.ofMegabytes(55), Duration.ofMinutes(1), 100,
            100_000,
            Duration.ofMillis(100), new SessionLimits(100, 10_000, Duration.ofMinutes(2)));

    final SettableImages images = new SettableImages();
    final InProcessServices services = new InProcessServices(images, ID);
    final LogDirectory logs;
    final Partitions partitions;
    final BrokerRequests requests;
    final WireServer server;

    /** @param topics what is in the first image */
    TestBroker(Path folder, TopicImage... topics) throws IOException {
        this(folder, FETCHES, topics);
    }

    TestBroker(Path folder, FetchSettings fetchSettings, TopicImage... topics) throws IOException {
        this(folder, fetchSettings, new AutoCreateSettings(false, 1, Duration.ofSeconds(5), Duration.ofSeconds(5)),
                topics);
    }

    TestBroker(Path folder, AutoCreateSettings autoCreateSettings) throws IOException {
        this(folder, FETCHES, autoCreateSettings);
    }

    private TestBroker(Path folder, FetchSettings fetchSettings, AutoCreateSettings autoCreateSettings,
            TopicImage... topics) throws IOException {
        List.of(topics).forEach(images::putTopic);
        AutoCreation autoCreation = new AutoCreation(services::topics, images, autoCreateSettings);
        logs = LogDirectory.open(storage(folder), new DirectoryIdentity(SettableImages.CLUSTER_ID, ID), (topic,
                id) -> TopicConfig.DEFAULT,
                Clock.systemUTC());
        partitions = new Partitions(ID, () -> 1, images, logs, new MetadataWrites((_, _, _) -> {
            throw new IllegalStateException("no metadata");
        }, (_, _, _) -> {}), ReplicationSettings.defaults());
        ProduceListener ignored = new ProduceListener() {
            @Override
            public void appended(int bytes) {}

            @Override
            public void refused(Errors error) {}
        };
        requests = new BrokerRequests(new NodeConfigs(ID, List.of(new NodeConfig("replica.lag.time.max.ms",
                ConfigType.LONG, "2000", "10000", "MILLRACE_REPLICATION_LAG_TIME_MAX",
                "How long a replica may be behind."))), partitions, images, services, autoCreation, fetchSettings,
                new ForwardSettings(MAX_CONCURRENT, Duration
                        .ofSeconds(5), 100, Duration.ofSeconds(3), 2), ignored,
                Clock.systemUTC());
        images.subscribe(partitions);
        server = WireServer.bind(WireServerConfig.onLoopback(0), BrokerRequests.supported(), requests);
        server.start();
        images.putBroker(new BrokerImage(ID, 1, "127.0.0.1", server.port(), "http://127.0.0.1:1", false));
    }

    BrokerEndpoint endpoint() {
        return new BrokerEndpoint(ID, "127.0.0.1", server.port());
    }

    String bootstrap() {
        return "127.0.0.1:" + server.port();
    }

    @Override
    public void close() {
        requests.stopWaiting();
        server.close();
        partitions.close();
        try {
            logs.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static StorageProperties storage(Path folder) {
        Duration interval = Duration.ofSeconds(5);
        return new StorageProperties(folder, 1, 1, interval, interval, interval, Duration.ofDays(1),
                Duration.ofDays(30), new IdempotencyKeys(Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize
                        .ofMegabytes(1)));
    }
}
