package io.millrace.broker.replication.simulation;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.replication.simulation.SimulatedProducer.Kind;
import io.millrace.common.incarnation.LogReport;
import io.millrace.common.incarnation.RecoveryElection;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicCompression;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.partition.Terms;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.TimestampType;

/** Everything there is in one run, and the order of its events. The same seed gives the same run. */
final class Cluster {
    static final Uuid TOPIC = new Uuid(1, 2);
    static final long WALL_CLOCK_MS = 1_700_000_000_000L;
    private static final long FAULTS_MICROS = 1_500_000;
    private static final long HEALING_MICROS = 4_000_000;

    private final RandomGenerator random;
    private final Mutant mutant;
    private final boolean traced;
    private final Scheduler scheduler = new Scheduler();
    private final History history = new History();
    private final TopicConfig config;
    private final Network network;
    private final SimulatedMetadata metadata;
    private final List<SimulatedBroker> brokers = new ArrayList<>();
    private final List<SimulatedProducer> producers = new ArrayList<>();
    private final List<SimulatedConsumer> consumers = new ArrayList<>();
    private final Nemesis nemesis;

    /** What a run amounted to, so that a test can tell that something was tested. */
    record Summary(int acknowledged, int leaderEpochs, int removals) {}

    Cluster(long seed, Mutant mutant, boolean traced) {
        this.random = new SplittableRandom(seed);
        this.mutant = mutant;
        this.traced = traced;
        int size = random.nextInt(4) == 0 ? 5 : 3;
        int minInSync = random.nextInt(6) == 0 ? 1 : size == 3 && random.nextInt(6) > 0 ? 2 : 3;
        config = new TopicConfig(600 + random.nextInt(2_000), Long.MAX_VALUE, 0, 1 << 20, 128, 1 << 20,
                TimestampType.CREATE_TIME, Long.MAX_VALUE, Long.MAX_VALUE, false, true, -1, -1, Long.MAX_VALUE,
                Long.MAX_VALUE, 0, minInSync, false, TopicCompression.AS_SENT);
        int brokerCount = size == 3 ? 3 + random.nextInt(3) : size;
        network = new Network(scheduler, random, brokerCount);
        metadata = new SimulatedMetadata(brokerCount, IntStream.range(0, size).boxed().toList(), Terms.of(config),
                mutant);
        for (int id = 0; id < brokerCount; id++) {
            brokers.add(new SimulatedBroker(this, id));
        }
        nemesis = new Nemesis(this, minInSync);
    }

    RandomGenerator random() {
        return random;
    }

    Mutant mutant() {
        return mutant;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    History history() {
        return history;
    }

    Network network() {
        return network;
    }

    SimulatedMetadata metadata() {
        return metadata;
    }

    TopicConfig config() {
        return config;
    }

    SimulatedBroker broker(int id) {
        return brokers.get(id);
    }

    List<SimulatedBroker> brokers() {
        return brokers;
    }

    Summary run() {
        brokers.forEach(SimulatedBroker::start);
        control();
        auditNowAndThen();
        producers.add(new SimulatedProducer(this, 0, Kind.ACKS_ONE));
        producers.add(new SimulatedProducer(this, 1, Kind.IDEMPOTENT));
        producers.add(new SimulatedProducer(this, 2, Kind.IDEMPOTENT));
        producers.add(new SimulatedProducer(this, 3, Kind.UNDER_KEYS));
        IntStream.range(0, 2).mapToObj(_ -> new SimulatedConsumer(this)).forEach(consumers::add);
        scheduler.runUntil(100_000);
        producers.forEach(SimulatedProducer::begin);
        consumers.forEach(SimulatedConsumer::poll);
        nemesis.begin();
        scheduler.runUntil(FAULTS_MICROS);
        return heal();
    }

    private void control() {
        if (!metadata.isAway()) {
            metadata.control(scheduler.nowMicros());
            if (random.nextInt(10) == 0) {
                metadata.restorePreferredLeader();
            }
        }
        scheduler.after(10_000 + random.nextInt(20_000), this::control);
    }

    /**
     * PostgreSQL may lose at any moment who is in sync: whichever logs that have lost nothing are then reported first, who is elected by them has
     * all that was acknowledged (docs/spec, R17 and R19).
     */
    void audit() {
        PartitionImage row = metadata.row();
        List<SimulatedBroker> whole = brokers.stream().filter(broker -> row.replicas().contains(broker.id()) && broker
                .isAlive() && broker.isWhole()).toList();
        PartitionImage lost = new PartitionImage(0, row.replicas(), List.of(), PartitionImage.NO_LEADER, row
                .leaderEpoch(), row.partitionEpoch(), List.of(), row.lastLeader(), row.adding(), row.removing(), true);
        Set<Integer> leaders = new TreeSet<>();
        for (int chosen = 1; chosen < 1 << whole.size(); chosen++) {
            Map<Integer, LogReport> reports = new HashMap<>();
            for (int i = 0; i < whole.size(); i++) {
                if ((chosen & 1 << i) != 0) {
                    PartitionLog log = whole.get(i).log();
                    reports.put(whole.get(i).id(), new LogReport(TOPIC, 0, log.joinedEpoch(), log.logEndOffset()));
                }
            }
            leaders.add(RecoveryElection.elect(lost, reports, _ -> true, Terms.of(config)).leader());
        }
        leaders.remove(PartitionImage.NO_LEADER);
        leaders.forEach(leader -> history.wouldSurvive(leader, broker(leader).log()));
    }

    private void auditNowAndThen() {
        audit();
        scheduler.after(20_000 + random.nextInt(60_000), this::auditNowAndThen);
    }

    private Summary heal() {
        trace("all is healed");
        nemesis.end();
        scheduler.runUntil(FAULTS_MICROS + 300_000);
        producers.forEach(SimulatedProducer::stop);
        long end = FAULTS_MICROS + HEALING_MICROS;
        while (!isSettled()) {
            Invariant.holds(scheduler.nowMicros() < end, "not settled after healing: %s %s", metadata.newest(),
                    logEnds());
            scheduler.runUntil(scheduler.nowMicros() + 20_000);
        }
        Map<Integer, PartitionLog> logs = new TreeMap<>();
        metadata.row().replicas().forEach(id -> logs.put(id, broker(id).log()));
        history.settled(logs);
        return new Summary(history.acknowledgedCount(), history.epochCount(), metadata.removals());
    }

    private boolean isSettled() {
        PartitionImage row = metadata.row();
        if (row.leader() == PartitionImage.NO_LEADER || row.isReassigned() || row.isr().size() < row.replicas().size()
                || producers.stream().anyMatch(SimulatedProducer::isBusy)) {
            return false;
        }
        long logEnd = brokers.get(row.leader()).log().logEndOffset();
        return row.replicas().stream().allMatch(id -> broker(id).isSettled(logEnd)) && consumers.stream().allMatch(
                consumer -> consumer.position() == logEnd);
    }

    private List<String> logEnds() {
        return brokers.stream().map(broker -> broker.isAlive() ? broker.id() + ": " + broker.log().highWatermark()
                + ".." + broker.log().logEndOffset() : broker.id() + " down").toList();
    }

    void trace(String message, Object... arguments) {
        if (traced) {
            System.out.printf("%9d %s%n", scheduler.nowMicros(), message.formatted(arguments));
        }
    }
}
