package io.millrace.workbench.torture.plan;

import io.millrace.workbench.suite.SuiteSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Draws faults as cards from a shuffled deck, which is shuffled anew when it is used up: a short run sees most kinds, a long one all of them
 * often. The same seed gives the same plan.
 */
public final class Plan {
    private static final String POSTGRES = "postgres";
    private static final int REST_MS_LEAST = 1_500;
    private static final int REST_MS_MOST = 4_000;
    private static final int HOLD_MS_LEAST = 1_000;
    private static final int HOLD_MS_MOST = 8_000;
    private static final int LATENCY_MS_MOST = 200;
    private static final int SLOWEST_BYTES_PER_SECOND = 20_000;
    private static final int FASTEST_BYTES_PER_SECOND = 1_000_000;

    /** As many as acks=all needs. */
    private static final int FEWEST_REPLICAS = 2;
    private static final int REPLICAS = 3;

    /** The kinds; the leader of something is a broker like the others, so brokers come often. */
    private enum Card {
        KILL_BROKER, KILL_BROKER_AGAIN, PAUSE_BROKER, CUT_BROKER, SILENCE_BROKER, SLOW_BROKER, REFUSE_BROKER, DISK_FULL,
        CUT_POSTGRES, SILENCE_POSTGRES, SLOW_POSTGRES, POSTGRES_FAST, POSTGRES_IMMEDIATE, KILL_COORDINATOR,
        PAUSE_COORDINATOR, SILENCE_COORDINATOR, KILL_GATEWAY, PAUSE_GATEWAY, KILL_OFFSET, CUT_OFFSET, ROLLING_RESTART,
        MOVE, MOVE_AGAIN
    }

    private final SuiteSize size;
    private final RandomGenerator random;

    private Plan(SuiteSize size, RandomGenerator random) {
        this.size = size;
        this.random = random;
    }

    /**
     * Steps that last at least so long, rests included.
     *
     * @param canFillDisks whether this machine has what a full disk takes
     */
    public static List<Step> of(long seed, SuiteSize size, Duration length, boolean canFillDisks) {
        return new Plan(size, new Random(seed)).draw(length, canFillDisks);
    }

    private List<Step> draw(Duration length, boolean canFillDisks) {
        List<Step> steps = new ArrayList<>();
        List<Card> deck = new ArrayList<>();
        for (Duration drawn = Duration.ZERO; drawn.compareTo(length) < 0;) {
            if (deck.isEmpty()) {
                deck.addAll(shuffled());
            }
            Card card = deck.removeLast();
            if (card == Card.DISK_FULL && !canFillDisks) {
                continue;
            }
            Step step = new Step(milliseconds(REST_MS_LEAST, REST_MS_MOST), fault(card),
                    milliseconds(HOLD_MS_LEAST, HOLD_MS_MOST));
            steps.add(step);
            drawn = drawn.plus(step.rest()).plus(step.hold());
        }
        return List.copyOf(steps);
    }

    private List<Card> shuffled() {
        List<Card> deck = new ArrayList<>(List.of(Card.values()));
        for (int last = deck.size() - 1; last > 0; last--) {
            Collections.swap(deck, last, random.nextInt(last + 1));
        }
        return deck;
    }

    private Fault fault(Card card) {
        return switch (card) {
            case KILL_BROKER, KILL_BROKER_AGAIN -> new Fault.Kill(broker());
            case PAUSE_BROKER -> new Fault.Pause(broker());
            case CUT_BROKER -> new Fault.Cut(sourceTo("broker"), broker());
            case SILENCE_BROKER -> new Fault.Silence(sourceTo("broker"), broker());
            case SLOW_BROKER -> slow(sourceTo("broker"), broker());
            case REFUSE_BROKER -> new Fault.Refuse(broker());
            case DISK_FULL -> new Fault.DiskFull(broker());
            case CUT_POSTGRES -> new Fault.Cut(sourceTo(POSTGRES), POSTGRES);
            case SILENCE_POSTGRES -> new Fault.Silence(sourceTo(POSTGRES), POSTGRES);
            case SLOW_POSTGRES -> slow(sourceTo(POSTGRES), POSTGRES);
            case POSTGRES_FAST -> new Fault.PostgresAway(false);
            case POSTGRES_IMMEDIATE -> new Fault.PostgresAway(true);
            case KILL_COORDINATOR -> new Fault.Kill(coordinator());
            case PAUSE_COORDINATOR -> new Fault.Pause(coordinator());
            case SILENCE_COORDINATOR -> new Fault.Silence(sourceTo("coordinator"), coordinator());
            case KILL_GATEWAY -> new Fault.Kill(gateway());
            case PAUSE_GATEWAY -> new Fault.Pause(gateway());
            case KILL_OFFSET -> new Fault.Kill(offset());
            case CUT_OFFSET -> new Fault.Cut(sourceTo("offset"), offset());
            case ROLLING_RESTART -> new Fault.RollingRestart();
            case MOVE, MOVE_AGAIN -> new Fault.Move(brokers(random.nextInt(FEWEST_REPLICAS, REPLICAS + 1)), random
                    .nextBoolean(), brokers(REPLICAS));
        };
    }

    private List<Integer> brokers(int count) {
        List<Integer> ids = new ArrayList<>(IntStream.range(0, size.brokers()).boxed().toList());
        Collections.shuffle(ids, random);
        return List.copyOf(ids.subList(0, count));
    }

    private Fault slow(String source, String target) {
        return new Fault.Slow(source, target, milliseconds(1, LATENCY_MS_MOST),
                random.nextInt(SLOWEST_BYTES_PER_SECOND, FASTEST_BYTES_PER_SECOND));
    }

    /** One of those that talk to such a process, or all. Whose link to itself is drawn gets a fault that nobody feels. */
    private String sourceTo(String service) {
        List<String> sources = new ArrayList<>(List.of(Fault.EVERYBODY));
        switch (service) {
            case "broker" -> {
                sources.addAll(names("broker", size.brokers()));
                sources.addAll(names("gateway", size.gateways()));
            }
            case "coordinator" -> {
                sources.addAll(names("broker", size.brokers()));
                sources.addAll(names("gateway", size.gateways()));
            }
            case "offset" -> {
                sources.addAll(names("gateway", size.gateways()));
                sources.addAll(names("coordinator", size.coordinators()));
            }
            default -> {
                sources.addAll(names("broker", size.brokers()));
                sources.addAll(names("coordinator", size.coordinators()));
                sources.addAll(names("offset", size.offsets()));
            }
        }
        return sources.get(random.nextInt(sources.size()));
    }

    private static List<String> names(String service, int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> service.equals("broker") ? brokerName(index) : SuiteSize.name(service, index))
                .toList();
    }

    private static String brokerName(int id) {
        return "broker-" + id;
    }

    private String broker() {
        return brokerName(random.nextInt(size.brokers()));
    }

    private String coordinator() {
        return SuiteSize.name("coordinator", random.nextInt(size.coordinators()));
    }

    private String gateway() {
        return SuiteSize.name("gateway", random.nextInt(size.gateways()));
    }

    private String offset() {
        return SuiteSize.name("offset", random.nextInt(size.offsets()));
    }

    private Duration milliseconds(int least, int most) {
        return Duration.ofMillis(random.nextInt(least, most));
    }
}
