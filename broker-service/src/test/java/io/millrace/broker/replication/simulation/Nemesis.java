package io.millrace.broker.replication.simulation;

import io.millrace.common.metadata.PartitionImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Breaks things, one after the other, each for a while, and moves the partition. Unbounded but for one thing: fewer than {@code min.insync.replicas} brokers lack what they
 * lost at the same time, for nothing survives more.
 */
final class Nemesis {
    private static final int PAUSE_MICROS = 70_000;
    private static final int LONGEST_FAULT_MICROS = 400_000;

    private final Cluster cluster;
    private final RandomGenerator random;
    private final int minInSync;
    /** Brokers that lost their tails, and the epoch that they had before. */
    private final Map<Integer, Long> damaged = new HashMap<>();
    private boolean ended;

    Nemesis(Cluster cluster, int minInSync) {
        this.cluster = cluster;
        this.random = cluster.random();
        this.minInSync = minInSync;
    }

    void begin() {
        cluster.scheduler().after(random.nextInt(PAUSE_MICROS), () -> {
            if (!ended) {
                strike();
                begin();
            }
        });
    }

    void end() {
        ended = true;
        cluster.network().heal();
        cluster.metadata().comeBack(cluster.scheduler().nowMicros());
        for (SimulatedBroker broker : cluster.brokers()) {
            broker.resume();
            broker.lagBehind(false);
            if (broker.isLeaving()) {
                broker.close();
            }
            if (!broker.isAlive()) {
                broker.start();
            }
        }
    }

    private void strike() {
        SimulatedMetadata metadata = cluster.metadata();
        int leader = metadata.row().leader();
        SimulatedBroker victim = cluster.broker(leader >= 0 && random.nextInt(3) == 0 ? leader
                : random.nextInt(cluster.brokers().size()));
        switch (random.nextInt(20)) {
            case 0, 1 -> end(victim, victim::kill);
            case 2, 3 -> loseTail(victim, victim::crashMachine);
            case 4 -> loseTail(victim, victim::wipe);
            case 5, 6 -> forAWhile(victim::pause, victim::resume, victim.isAlive() && !victim.isPaused());
            case 7 -> {
                int other = random.nextInt(-1, cluster.brokers().size());
                boolean bothWays = random.nextBoolean();
                forAWhile(() -> cut(victim.id(), other, true, bothWays), () -> cut(victim.id(), other, false, bothWays),
                        true);
            }
            case 8 -> forAWhile(metadata::goAway, () -> metadata.comeBack(cluster.scheduler().nowMicros()), true);
            case 9 -> forAWhile(() -> cluster.network().lossRate(random.nextDouble() / 4), () -> cluster.network()
                    .lossRate(0), true);
            case 10, 11, 12 -> forAWhile(() -> victim.lagBehind(true), () -> victim.lagBehind(false), true);
            case 13 -> victim.jumpClock(random.nextLong(2_000_000_000L));
            case 14 -> leaveInOrder(victim);
            default -> {
                if (!metadata.isAway()) {
                    move(metadata);
                }
            }
        }
    }

    /** As the controller does for those who ask for it, and change their minds. */
    private void move(SimulatedMetadata metadata) {
        PartitionImage row = metadata.row();
        cluster.trace("is to move: %s", row);
        switch (random.nextInt(6)) {
            case 0, 1, 2 -> metadata.reassign(someBrokers());
            case 3 -> metadata.cancelReassignment();
            case 4 -> {
                if (metadata.cancelReassignment()) {
                    metadata.reassign(someBrokers());
                }
            }
            // A replica goes and comes back before everybody has seen it go.
            default -> {
                if (row.isReassigned()) {
                    List<Integer> target = new ArrayList<>(row.replicas());
                    target.removeAll(row.removing());
                    metadata.cancelReassignment();
                    metadata.reassign(target);
                } else {
                    List<Integer> fewer = new ArrayList<>(row.replicas());
                    fewer.remove(random.nextInt(fewer.size()));
                    metadata.reassign(fewer);
                    metadata.cancelReassignment();
                    metadata.reassign(row.replicas());
                }
            }
        }
        cluster.trace("moves: %s", metadata.row());
    }

    private List<Integer> someBrokers() {
        List<Integer> ids = new ArrayList<>(cluster.brokers().stream().map(SimulatedBroker::id).toList());
        Collections.shuffle(ids, random);
        return List.copyOf(ids.subList(0, Math.max(minInSync, Math.min(ids.size(), 2 + random.nextInt(3)))));
    }

    private void cut(int broker, int other, boolean isCut, boolean bothWays) {
        cluster.trace("between %d and %d: %s", broker, other, isCut ? "cut" : "connected");
        cluster.network().cut(broker, other, isCut);
        if (bothWays) {
            cluster.network().cut(other, broker, isCut);
        }
    }

    private void forAWhile(Runnable fault, Runnable mending, boolean possible) {
        if (possible) {
            fault.run();
            cluster.scheduler().after(random.nextInt(LONGEST_FAULT_MICROS), () -> {
                if (!ended) {
                    mending.run();
                }
            });
        }
    }

    /** Ends the process, which its supervisor starts again some time later. */
    private void end(SimulatedBroker victim, Runnable ending) {
        if (!victim.isAlive()) {
            return;
        }
        long epoch = victim.epoch();
        ending.run();
        if (random.nextBoolean()) {
            cluster.scheduler().after(2_000, () -> {
                if (!cluster.metadata().isAway() && !victim.isAlive()) {
                    cluster.metadata().refusedConnection(victim.id(), epoch);
                }
            });
        }
        cluster.scheduler().after(random.nextInt(LONGEST_FAULT_MICROS), () -> {
            if (!ended && !victim.isAlive()) {
                victim.start();
            }
        });
    }

    private void loseTail(SimulatedBroker victim, Runnable ending) {
        damaged.entrySet().removeIf(entry -> isWhole(cluster.broker(entry.getKey()), entry.getValue()));
        boolean bearable = damaged.size() < minInSync - 1 || damaged.containsKey(victim.id());
        if (victim.isAlive() && victim.epoch() >= 0 && bearable) {
            damaged.put(victim.id(), victim.epoch());
            end(victim, ending);
        }
    }

    /** Registered anew since, and in the ISR with that registration; or no replica any more, so that what it lost does not matter. */
    private boolean isWhole(SimulatedBroker broker, long epochBefore) {
        var metadata = cluster.metadata();
        return !metadata.row().replicas().contains(broker.id()) || metadata.settledEpoch(broker
                .id()) > epochBefore && metadata.row().isr().contains(broker.id());
    }

    private void leaveInOrder(SimulatedBroker victim) {
        if (victim.isAlive() && !victim.isPaused()) {
            victim.leave();
            long epoch = victim.epoch();
            List<Integer> others = cluster.brokers().stream().map(SimulatedBroker::id).toList();
            cluster.trace("broker %d of %s is asked to leave", victim.id(), others);
            cluster.scheduler().after(random.nextInt(150_000), () -> {
                if (!ended && victim.isAlive() && !victim.isPaused() && victim.epoch() == epoch) {
                    end(victim, victim::close);
                }
            });
        }
    }
}
