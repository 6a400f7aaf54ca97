package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GroupBlocksTest {
    private final GroupBlocks blocks = new GroupBlocks();

    @Test
    void what_is_taken_back_gives_its_memory_back_and_leaves_the_rest() {
        blocks.heartbeat();
        int before = blocks.size();
        blocks.records(record(100_000));
        assertThat(blocks.heldBytes()).isGreaterThan(100_000);

        blocks.truncate(before);

        assertThat(blocks.heldBytes()).isZero();
        assertThat(blocks.size()).isEqualTo(before);
    }

    private static RenderedRecords record(int length) {
        var data = "x".repeat(length).getBytes(StandardCharsets.US_ASCII);
        return new RenderedRecords(0, 1, new long[]{0}, new int[]{length}, data);
    }
}
