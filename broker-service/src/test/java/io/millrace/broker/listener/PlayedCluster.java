package io.millrace.broker.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A controller of replicas that answers what the test sets, keeps what it was asked, and knows of no broker but 0 to 2. */
final class PlayedCluster implements ClusterApi {
    final Map<TopicPartition, ElectionOutcome> outcomes = new ConcurrentHashMap<>();
    final Map<TopicPartition, Reassignment> underWay = new ConcurrentHashMap<>();
    final List<Elect> elections = new CopyOnWriteArrayList<>();
    final List<ReassignEach> reassigns = new CopyOnWriteArrayList<>();
    /** From which images show what it changed. */
    volatile long version = 1;
    private final InProcessServices services;

    PlayedCluster(InProcessServices services) {
        this.services = services;
    }

    @Override
    public Planned reassign(Reassign request) {
        throw notOverKafka();
    }

    @Override
    public ReassignedEach reassignEach(ReassignEach request) {
        services.requirePresent();
        reassigns.add(request);
        List<ReassignOutcome> outcomes = new ArrayList<>();
        for (Replicas each : request.partitions()) {
            if (each.replicas().stream().anyMatch(id -> id > 2)) {
                outcomes.add(new ReassignOutcome(ErrorCode.INVALID_REPLICA_ASSIGNMENT, each.topic() + "-" + each
                        .partition() + " is assigned to a broker that there is not"));
            } else {
                underWay.put(new TopicPartition(each.topic(), each.partition()), new Reassignment(each.topic(), each
                        .partition(), each.replicas(), each.replicas(), List.of()));
                outcomes.add(ReassignOutcome.TAKEN);
            }
        }
        return new ReassignedEach(outcomes, version);
    }

    @Override
    public CancelledOf cancel(Cancel request) {
        services.requirePresent();
        return new CancelledOf(request.partitions().stream().map(partition -> underWay.remove(partition) != null
                ? CancelOutcome.CANCELLED
                : outcomes.containsKey(partition) ? CancelOutcome.NOT_UNDER_WAY : CancelOutcome.UNKNOWN_PARTITION)
                .toList(), version);
    }

    @Override
    public Reassigned list(Reassignments request) {
        services.requirePresent();
        return new Reassigned(underWay.values().stream().filter(each -> request.partitions() == null || request
                .partitions().contains(new TopicPartition(each.topic(), each.partition()))).toList());
    }

    @Override
    public Elected elect(Elect request) {
        services.requirePresent();
        elections.add(request);
        return new Elected((request.partitions() == null ? List.copyOf(outcomes.keySet()) : request.partitions())
                .stream().map(partition -> new Election(partition, outcomes.getOrDefault(partition,
                        ElectionOutcome.UNKNOWN_PARTITION))).toList(), version);
    }

    private static UnsupportedOperationException notOverKafka() {
        return new UnsupportedOperationException("no Kafka client asks for it");
    }

    @Override
    public Planned rebalance(Options options) {
        throw notOverKafka();
    }

    @Override
    public Progress progress(int limit) {
        throw notOverKafka();
    }

    @Override
    public Cancelled cancel() {
        throw notOverKafka();
    }

    @Override
    public Planned drain(int id, Options options) {
        throw notOverKafka();
    }

    @Override
    public Cancelled undrain(int id) {
        throw notOverKafka();
    }

    @Override
    public Changed remove(int id) {
        throw notOverKafka();
    }

    @Override
    public Planned replicationFactor(String name, ReplicationFactor request) {
        throw notOverKafka();
    }

    @Override
    public Changed partitions(String name, Partitions request) {
        return services.partitions(name, request);
    }
}
