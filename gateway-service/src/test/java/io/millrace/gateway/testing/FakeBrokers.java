package io.millrace.gateway.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.common.wire.ResponseMemory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/** Brokers 0 and 1, which have every topic of the image and share their logs, as replicas that are always in sync. */
public final class FakeBrokers implements BrokerClient {
    public final FakeBroker first = new FakeBroker();
    private final FakeBroker second = new FakeBroker();
    private final FakeBrokerClient client = new FakeBrokerClient();

    public FakeBrokers(FakeImages images) {
        client.connect(0, first);
        client.connect(1, second);
        images.broker(0, 1, false);
        images.broker(1, 2, false);
        images.subscribe(this::imageChanged);
    }

    private void imageChanged(ClusterImage previous, ClusterImage current) {
        for (TopicImage topic : previous.topicsByName().values()) {
            if (current.topic(topic.id()) == null) {
                first.drop(topic.name());
                second.drop(topic.name());
            }
        }
        for (TopicImage topic : current.topicsByName().values()) {
            first.host(topic.name(), topic.id(), topic.partitions().size());
            second.follow(first, topic.name(), topic.id());
        }
    }

    /** Appends one batch of records that have these values and, as key, {@code k}. */
    public long append(String topic, int partition, String... values) {
        return append(topic, partition, 1_000, values);
    }

    /** The same, compressed. */
    public long appendPacked(String topic, int partition, String... values) {
        return append(topic, partition, Compression.gzip().build(), 1_000, values);
    }

    public long append(String topic, int partition, long timestampMs, String... values) {
        return append(topic, partition, Compression.NONE, timestampMs, values);
    }

    private long append(String topic, int partition, Compression compression, long timestampMs, String... values) {
        var records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(timestampMs, "\"k\"".getBytes(UTF_8), values[i].getBytes(UTF_8));
        }
        return first.partition(topic, partition).append(MemoryRecords.withRecords(compression, records));
    }

    /** Retention: records below the offset are gone. */
    public void deleteBefore(String topic, int partition, long offset) {
        first.partition(topic, partition).startAt(offset);
    }

    /** The broker's connections are lost and refused, or it is back. */
    public void away(int broker, boolean isAway) {
        if (isAway) {
            client.disconnect(broker);
        } else {
            client.connect(broker, broker == 0 ? first : second);
        }
    }

    /** How many fetch requests for the topic came. */
    public int fetches(String topic) {
        return first.fetches(topic) + second.fetches(topic);
    }

    @Override
    public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint broker, Lane lane,
            AbstractRequest.Builder<?> request, Class<R> responseType, Duration timeout, ResponseMemory memory) {
        return client.send(broker, lane, request, responseType, timeout, memory);
    }

    /** A gateway closes its client; the brokers stay for the others. */
    @Override
    public void close() {}
}
