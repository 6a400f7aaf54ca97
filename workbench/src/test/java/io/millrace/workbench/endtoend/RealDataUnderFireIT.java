package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;

/** The journey while every five seconds a broker is killed and started again. */
@WithSuite
class RealDataUnderFireIT extends RealDataJourney {
    private static final Duration BETWEEN_KILLS = Duration.ofSeconds(5);
    private static final int BROKERS = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    /** The events go in during several kills: so many batches, and then one more right after the next kill. */
    private static final int BATCHES_BETWEEN_KILLS = 30;

    private final Suite suite;
    private final Gateway gateway;
    private @Nullable BrokerKiller killer;

    RealDataUnderFireIT(Suite suite, Gateway gateway) throws IOException {
        super(suite, gateway, "repository-changes-under-fire");
        this.suite = suite;
        this.gateway = gateway;
    }

    @Override
    void begin(String topic, int partitions) throws Exception {
        gateway.createReplicatedTopic(topic, partitions);
        killer = BrokerKiller.start(suite, gateway, topic, BETWEEN_KILLS);
    }

    @Override
    void beforeBatch(int batch) {
        if (batch % BATCHES_BETWEEN_KILLS == 0) {
            awaitKill();
        }
    }

    @Override
    void beforeReading() {
        awaitKill();
    }

    private void awaitKill() {
        int before = kills();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> kills() > before);
    }

    @Override
    void beforeRestart() throws Exception {
        ceaseFire();
        assertThat(kills()).as("brokers killed").isGreaterThan(BROKERS);
    }

    @AfterAll
    void ceaseFire() throws Exception {
        if (killer != null) {
            killer.end();
        }
    }

    private int kills() {
        return killer == null ? 0 : killer.kills();
    }
}
