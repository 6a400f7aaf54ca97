package io.millrace.broker.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.partition.ReplicationSettings;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.FetchRequest;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class FetchRequestsTest {
    @Test
    void busy_partitions_wait_for_a_moment_only_and_the_others_as_long_as_is_configured() {
        assertThat(maxWaitMs(Flight.Kind.HOT, 500)).isBetween(1, 50);
        assertThat(maxWaitMs(Flight.Kind.IDLE, 500)).isEqualTo(500);
        assertThat(maxWaitMs(Flight.Kind.ADDED, 500)).isEqualTo(500);
    }

    @Test
    void nobody_waits_longer_than_is_configured() {
        assertThat(maxWaitMs(Flight.Kind.HOT, 3)).isEqualTo(3);
    }

    private static int maxWaitMs(Flight.Kind kind, int configuredMs) {
        FetchRequest request = new FetchRequests(1, () -> 7, settings(Duration.ofMillis(configuredMs)))
                .of(new Flight(kind, List.of()), 1_000).build(ApiKeys.FETCH.latestVersion());
        return request.maxWait();
    }

    private static ReplicationSettings settings(Duration fetchMaxWait) {
        return new ReplicationSettings(Duration.ofSeconds(10), Duration.ofMillis(50), Duration.ofMillis(20), 100,
                DataSize.ofMegabytes(10), DataSize.ofMegabytes(1), fetchMaxWait, Duration.ofSeconds(10), 4,
                Duration.ofMillis(20), Duration.ofMillis(500), DataSize.ofMegabytes(64));
    }
}
