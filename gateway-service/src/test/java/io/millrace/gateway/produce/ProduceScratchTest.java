package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProduceScratchTest {
    private static final int LIMIT_BYTES = 16 * 1024 * 1024;

    private final ProduceScratch scratch = new ProduceScratch(new BodyMemory(1 << 24), 1000);

    @Test
    void what_is_announced_and_not_sent_takes_no_memory() throws Exception {
        scratch.read(new ByteArrayInputStream(new byte[5]), LIMIT_BYTES, LIMIT_BYTES);

        assertThat(scratch.length()).isEqualTo(5);
        assertThat(scratch.capacityBytes()).isLessThan(64 * 1024);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8 * 1024, 8 * 1024 + 1, 100_000})
    void a_body_is_read_whole_announced_or_not(int size) throws Exception {
        var sent = new byte[size];
        new Random(1).nextBytes(sent);

        scratch.read(new ByteArrayInputStream(sent), size, LIMIT_BYTES);
        assertThat(Arrays.copyOf(scratch.body(), scratch.length())).isEqualTo(sent);

        scratch.read(new ByteArrayInputStream(sent), -1, LIMIT_BYTES);
        assertThat(Arrays.copyOf(scratch.body(), scratch.length())).isEqualTo(sent);
    }

    @Test
    void many_small_records_count_as_memory_held() {
        scratch.records.clear(new byte[0]);
        for (int record = 0; record < 50_000; record++) {
            scratch.records.add();
        }

        assertThat(scratch.capacityBytes()).isGreaterThan(50_000 * 32);
    }
}
