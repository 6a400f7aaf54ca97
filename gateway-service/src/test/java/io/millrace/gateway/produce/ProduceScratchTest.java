package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.common.error.RefusedException;
import io.millrace.gateway.edge.BodyMemory;
import org.junit.jupiter.api.Test;

class ProduceScratchTest {
    private final BodyMemory memory = new BodyMemory(1 << 24);
    private final ProduceScratch scratch = new ProduceScratch(memory, 1000);

    @Test
    void many_small_records_count_as_memory_held() {
        scratch.records.clear(new byte[0]);
        for (int record = 0; record < 50_000; record++) {
            scratch.records.add();
        }

        assertThat(scratch.capacityBytes()).isGreaterThan(50_000 * 32);
        scratch.countRecords();
        assertThat(memory.usedBytes()).isGreaterThan(50_000 * 32);
        scratch.release();
        assertThat(memory.usedBytes()).isZero();
    }

    @Test
    void headers_are_counted_before_there_is_a_place_for_them() {
        scratch.records.clear(new byte[0]);
        scratch.records.add();

        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> {
            while (true) {
                scratch.records.addHeader(0, 0, 0, 0);
            }
        });

        assertThat(scratch.capacityBytes()).isBetween(1 << 22, 1 << 24);
        assertThat(memory.usedBytes()).isBetween(1L << 22, 1L << 24);
        scratch.release();
        assertThat(memory.usedBytes()).isZero();
    }
}
