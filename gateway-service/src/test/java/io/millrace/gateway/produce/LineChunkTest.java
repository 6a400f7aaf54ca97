package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The window of a stream of lines is one of memory, not of bytes on the wire. */
class LineChunkTest {
    private final LineChunk chunk = new LineChunk(new TopicImage(Uuid.ZERO_UUID, "orders", Map.of(), List.of()));

    @Test
    void an_empty_record_is_not_free() {
        for (int i = 0; i < 1_000; i++) {
            chunk.addRecord(2);
        }

        assertThat(chunk.sizeBytes()).isBetween(20_000, 200_000);
    }

    @Test
    void a_bad_line_takes_what_its_refusal_does() {
        for (int i = 0; i < 1_000; i++) {
            chunk.addBad(1, new RefusedException(ErrorCode.MALFORMED_BODY, "line " + i + ": it is no JSON"));
        }

        assertThat(chunk.sizeBytes()).isGreaterThan(200_000);
        assertThat(chunk.lines()).isEqualTo(1_000);
    }
}
