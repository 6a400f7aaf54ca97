package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;

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
}
