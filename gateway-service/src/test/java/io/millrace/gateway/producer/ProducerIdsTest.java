package io.millrace.gateway.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProducerIdsTest {
    private static final int NONE_EXHAUSTED = -1;

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 2", "2, 1"})
    void a_broker_that_is_away_is_not_asked_again_before_the_others(long first, int refusals) {
        var images = new FakeImages();
        for (int broker = 0; broker < 3; broker++) {
            images.broker(broker, 9, false);
        }
        var client = new FakeBrokerClient();
        client.connect(0, new FakeBroker());
        var ids = new ProducerIds(images, client, Duration.ofSeconds(15), () -> first << Integer.SIZE);

        await().until(() -> ids.current(NONE_EXHAUSTED) != null);

        assertThat(client.refusals()).isEqualTo(refusals);
    }
}
