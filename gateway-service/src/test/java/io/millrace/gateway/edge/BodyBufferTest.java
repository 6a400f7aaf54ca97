package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyBufferTest {
    private static final int LIMIT_BYTES = 16 * 1024 * 1024;

    private final BodyMemory memory = new BodyMemory(1 << 20);
    private final BodyBuffer body = new BodyBuffer(memory);

    @Test
    void what_is_announced_and_not_sent_takes_no_memory() throws Exception {
        body.read(new ByteArrayInputStream(new byte[5]), LIMIT_BYTES, LIMIT_BYTES);

        assertThat(body.length()).isEqualTo(5);
        assertThat(body.bytes().length).isLessThan(64 * 1024);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8 * 1024, 8 * 1024 + 1, 100_000})
    void a_body_is_read_whole_announced_or_not(int size) throws Exception {
        var sent = new byte[size];
        new Random(1).nextBytes(sent);

        body.read(new ByteArrayInputStream(sent), size, LIMIT_BYTES);
        assertThat(Arrays.copyOf(body.bytes(), body.length())).isEqualTo(sent);

        body.read(new ByteArrayInputStream(sent), -1, LIMIT_BYTES);
        assertThat(Arrays.copyOf(body.bytes(), body.length())).isEqualTo(sent);
    }

    @Test
    void large_bodies_are_counted_as_they_come_and_given_back() throws Exception {
        body.read(new ByteArrayInputStream(new byte[500_000]), -1, LIMIT_BYTES);
        assertThat(memory.usedBytes()).isEqualTo(body.bytes().length);
        body.reserve(10_000);
        assertThat(memory.usedBytes()).isEqualTo(body.bytes().length + 10_000);

        assertThatThrownBy(() -> new BodyBuffer(memory).read(new ByteArrayInputStream(new byte[900_000]), -1,
                LIMIT_BYTES)).isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code())
                        .isEqualTo(ErrorCode.QUEUE_FULL));
        body.close();
        body.close();
    }

    @Test
    void what_never_fits_is_too_large() {
        assertThatThrownBy(() -> memory.reserve(2 << 20)).isInstanceOfSatisfying(RefusedException.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BODY_TOO_LARGE));
        assertThat(memory.usedBytes()).isZero();
    }

    @Test
    void what_never_fits_with_what_there_is_of_it_already_is_too_large() {
        memory.reserve(1_000_000);

        assertThatThrownBy(() -> memory.reserve(100_000, 1_000_000)).isInstanceOfSatisfying(RefusedException.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BODY_TOO_LARGE));
        assertThat(memory.usedBytes()).isEqualTo(1_000_000);
    }
}
