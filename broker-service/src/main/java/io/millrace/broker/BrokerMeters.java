package io.millrace.broker;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.broker.Broker.Running;
import io.millrace.broker.listener.BrokerRequests;
import io.millrace.broker.listener.ProduceListener;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.CloseReason;
import io.millrace.common.wire.WireServerCounters;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** What the broker counts. Tags are from closed sets: never a topic or a client. */
final class BrokerMeters implements ProduceListener {
    private final LongAdder appendedBytes = new LongAdder();
    private final LongAdder appends = new LongAdder();
    private final LongAdder[] refused = new LongAdder[Errors.values().length];

    BrokerMeters() {
        for (int i = 0; i < refused.length; i++) {
            refused[i] = new LongAdder();
        }
    }

    @Override
    public void appended(int bytes) {
        appends.increment();
        appendedBytes.add(bytes);
    }

    @Override
    public void refused(Errors error) {
        refused[error.ordinal()].increment();
    }

    void bindTo(MeterRegistry registry, Broker broker) {
        FunctionCounter.builder("millrace.broker.appends", appends, LongAdder::sum)
                .description("Appends to partitions").register(registry);
        FunctionCounter.builder("millrace.broker.append.size", appendedBytes, LongAdder::sum)
                .description("What producers appended").baseUnit("bytes").register(registry);
        for (Errors error : Errors.values()) {
            if (error != Errors.NONE) {
                FunctionCounter.builder("millrace.broker.append.refused", refused[error.ordinal()], LongAdder::sum)
                        .description("Appends refused, by Kafka's error").tag("error", error.name()).register(registry);
            }
        }
        bindPartitions(registry, broker);
        bindListener(registry, broker);
    }

    private static void bindPartitions(MeterRegistry registry, Broker broker) {
        gauge(registry, broker, "millrace.broker.partitions", "Partitions with a replica here", running -> running
                .partitions().all().size());
        gauge(registry, broker, "millrace.broker.leaders", "Partitions led by this broker",
                running -> running.partitions().all().stream().filter(Partition::isLeader).count());
        gauge(registry, broker, "millrace.broker.partitions.under.replicated",
                "Partitions led here with fewer replicas in sync than they have",
                running -> running.partitions().all().stream().filter(Partition::isUnderReplicated).count());
        gauge(registry, broker, "millrace.broker.partitions.under.min.isr",
                "Partitions led here with fewer replicas in sync than acks=all asks for",
                running -> running.partitions().all().stream().filter(Partition::isUnderMinIsr).count());
        gauge(registry, broker, "millrace.broker.follower.lag.max",
                "Records that the farthest follower of a partition led here is behind",
                running -> running.partitions().all().stream().mapToLong(BrokerMeters::lag).max().orElse(0));
        counted(registry, broker, "millrace.broker.isr.shrinks", "Replicas found out of sync by leaders here",
                Partitions::isrShrinks);
        counted(registry, broker, "millrace.broker.isr.expands", "Replicas found in sync again by leaders here",
                Partitions::isrExpands);
        gauge(registry, broker, "millrace.broker.log.size", "Bytes of all logs",
                running -> running.partitions().all().stream().mapToLong(partition -> partition.log().sizeBytes())
                        .sum());
        gauge(registry, broker, "millrace.broker.fetches.waiting", "Fetches that wait for data",
                running -> running.requests().waitingFetches());
        gauge(registry, broker, "millrace.broker.fetch.sessions", "Fetch sessions that consumers have",
                running -> running.requests().fetchSessions());
        gauge(registry, broker, "millrace.broker.metadata.applied", "Cluster version that the partitions follow",
                running -> running.partitions().appliedVersion());
    }

    private static long lag(Partition partition) {
        long logEnd = partition.log().logEndOffset();
        return partition.followers(System.nanoTime()).stream().mapToLong(follower -> logEnd - Math.max(partition.log()
                .logStartOffset(), follower.logEnd())).max().orElse(0);
    }

    private static void counted(MeterRegistry registry, Broker broker, String name, String description,
            ToDoubleFunction<Partitions> value) {
        FunctionCounter.builder(name, broker, it -> {
            Running running = it.running();
            return running == null ? 0 : value.applyAsDouble(running.partitions());
        }).description(description).register(registry);
    }

    private static void bindListener(MeterRegistry registry, Broker broker) {
        gauge(registry, broker, "millrace.broker.connections", "Open Kafka connections",
                running -> running.server().counters().connectionsOpen());
        counter(registry, broker, "millrace.broker.connections.accepted", "Kafka connections accepted",
                WireServerCounters::connectionsAccepted);
        counter(registry, broker, "millrace.broker.received", "Bytes received on Kafka connections",
                WireServerCounters::bytesIn);
        counter(registry, broker, "millrace.broker.sent", "Bytes sent on Kafka connections",
                WireServerCounters::bytesOut);
        for (CloseReason reason : CloseReason.values()) {
            FunctionCounter.builder("millrace.broker.connections.closed", broker, counted(counters -> counters.closed(
                    reason)))
                    .description("Kafka connections closed, by reason").tag("reason", reason.name()).register(registry);
        }
        for (ApiKeys key : BrokerRequests.supported().keys()) {
            FunctionCounter.builder("millrace.broker.requests", broker, counted(counters -> counters.requests(key)))
                    .description("Kafka requests, by kind").tag("api", key.name).register(registry);
        }
    }

    private static void gauge(MeterRegistry registry, Broker broker, String name, String description,
            ToDoubleFunction<Running> value) {
        Gauge.builder(name, broker, it -> {
            Running running = it.running();
            return running == null ? 0 : value.applyAsDouble(running);
        }).description(description).register(registry);
    }

    private static void counter(MeterRegistry registry, Broker broker, String name, String description,
            ToDoubleFunction<WireServerCounters> value) {
        FunctionCounter.builder(name, broker, counted(value)).description(description).register(registry);
    }

    private static ToDoubleFunction<Broker> counted(ToDoubleFunction<WireServerCounters> value) {
        return broker -> {
            Running running = broker.running();
            return running == null ? 0 : value.applyAsDouble(running.server().counters());
        };
    }
}
