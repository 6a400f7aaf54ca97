package io.millrace.broker.replication.simulation;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Carries messages late, out of order, twice or not at all. Endpoints are broker ids, and one each for the metadata and all clients. */
final class Network {
    static final int METADATA = -1;
    static final int CLIENTS = -2;
    private static final int USUAL_DELAY_MICROS = 1_500;
    private static final int LONG_DELAY_MICROS = 150_000;

    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final boolean[][] cut;
    private double lossRate;

    Network(Scheduler scheduler, RandomGenerator random, int brokers) {
        this.scheduler = scheduler;
        this.random = random;
        this.cut = new boolean[brokers + 2][brokers + 2];
    }

    void lossRate(double rate) {
        lossRate = rate;
    }

    void cut(int from, int to, boolean isCut) {
        cut[from + 2][to + 2] = isCut;
    }

    boolean reaches(int from, int to) {
        return !cut[from + 2][to + 2];
    }

    void heal() {
        lossRate = 0;
        for (boolean[] row : cut) {
            Arrays.fill(row, false);
        }
    }

    /** A message between brokers, which may come twice. */
    void send(int from, int to, Runnable delivery) {
        carry(from, to, delivery);
        if (lossRate > 0 && random.nextInt(10) == 0) {
            carry(from, to, delivery);
        }
    }

    /** A request over a connection: once or not at all, but possibly after its sender gave it up. */
    void request(int from, int to, Runnable delivery) {
        carry(from, to, random.nextInt(15) > 0 ? delivery
                : () -> scheduler.after(random.nextInt(LONG_DELAY_MICROS),
                        delivery));
    }

    void fromClient(int broker, Runnable delivery) {
        carry(CLIENTS, broker, delivery);
    }

    void toClient(int broker, Runnable delivery) {
        carry(broker, CLIENTS, delivery);
    }

    private void carry(int from, int to, Runnable delivery) {
        if (random.nextDouble() >= lossRate) {
            int delay = 50 + random.nextInt(lossRate > 0 && random.nextInt(20) == 0 ? LONG_DELAY_MICROS
                    : USUAL_DELAY_MICROS);
            scheduler.after(delay, () -> {
                if (!cut[from + 2][to + 2]) {
                    delivery.run();
                }
            });
        }
    }
}
