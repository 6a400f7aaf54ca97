package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.INTEGER;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineStreamTest {
    private static final int MAX_LINE_BYTES = 100_000;
    private static final TopicImage TOPIC = new TopicImage(new Uuid(1, 2), "orders", Map.of(), List.of());

    /** What the lines became: a value or {@code !} and why not, and how many there were in each chunk. */
    private static class Collected implements LineStream.Target {
        private final List<String> lines = new ArrayList<>();
        private final List<Integer> chunks = new ArrayList<>();
        private int reservedBytes;
        int mostReservedBytes;
        /** Of what was read before, beyond the first bytes. */
        private final List<Integer> heldBytes = new ArrayList<>();

        @Override
        public TopicImage topic() {
            return TOPIC;
        }

        @Override
        public void progresses() {
            heldBytes.add(reservedBytes);
        }

        @Override
        public void reserve(int moreBytes) {
            reservedBytes += moreBytes;
            mostReservedBytes = Math.max(mostReservedBytes, reservedBytes);
        }

        @Override
        public void release(int bytes) {
            reservedBytes -= bytes;
        }

        @Override
        public void take(LineChunk chunk, RecordSlices records) {
            List<String> taken = new ArrayList<>();
            for (int i = 0; i < records.count(); i++) {
                taken.add(new String(records.bytes(), records.valueStart(i), records.valueLength(i), UTF_8));
            }
            chunk.badLines().forEach(bad -> taken.add(bad.place(), "!" + bad.refusal().getMessage()));
            assertThat(taken).hasSize(chunk.lines());
            lines.addAll(taken);
            chunks.add(chunk.lines());
        }
    }

    /** Gives its bytes in pieces of any size. */
    private static InputStream inPieces(byte[] bytes, Random random, int most) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 1 + random.nextInt(most)));
            }
        };
    }

    private static Collected collect(String body, boolean isKeyed, Random random, int most) throws Exception {
        var collected = new Collected();
        new LineStream(collected, RecordSlices.ANY_PARTITION, isKeyed, MAX_LINE_BYTES).readAll(inPieces(body.getBytes(
                UTF_8), random, most));
        return collected;
    }

    @Test
    void each_line_is_a_record_with_the_fields_of_the_others() throws Exception {
        Collected collected = collect(
                "{\"value\":1}\r\n\n  \n{\"key\":\"k\",\"value\":{\"a\":\"é\"}}\nnonsense\n{\"valeu\":2}\n{\"value\":3} x\n {\"value\" : 4 } ",
                false, new Random(1), 7);

        assertThat(collected.lines).containsExactly("1", "{\"a\":\"é\"}", "!line 5: must be an object, at byte 0",
                "!line 6: valeu: unknown field at byte 1; known are key, value, partition, timestamp, headers",
                "!line 7: something follows the JSON object at byte 12", "4");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void lines_are_the_same_however_they_arrive(long seed) throws Exception {
        var random = new Random(seed);
        List<String> expected = new ArrayList<>();
        var body = new StringBuilder();
        int line = 0;
        for (int i = 0; i < 3000; i++) {
            line++;
            int length = random.nextInt(200) == 0 ? random.nextInt(2 * MAX_LINE_BYTES) : random.nextInt(80);
            String text = "{\"value\":\"" + "x".repeat(length) + "\"}";
            if (random.nextInt(10) == 0) {
                body.append(random.nextBoolean() ? "\n" : " \r\n");
                line++;
            }
            body.append(text).append('\n');
            expected.add(text.length() > MAX_LINE_BYTES ? "!line " + line + " is longer than " + MAX_LINE_BYTES
                    + " bytes"
                    : text.substring(9, text.length() - 1));
        }
        Collected whole = collect(body.toString(), false, random, 1 << 20);
        Collected pieces = collect(body.toString(), false, random, 3000);
        Collected keyed = collect(body.toString(), true, random, 1 << 20);
        Collected keyedInPieces = collect(body.toString(), true, random, 3000);

        assertThat(whole.lines).isEqualTo(expected);
        assertThat(pieces.lines).isEqualTo(expected);
        assertThat(keyed.lines).isEqualTo(expected);
        assertThat(keyedInPieces.lines).isEqualTo(expected);
        assertThat(keyedInPieces.chunks).isEqualTo(keyed.chunks).hasSizeGreaterThan(5);
        assertThat(pieces.chunks).isNotEqualTo(whole.chunks);
    }

    @Test
    void under_a_key_chunks_end_after_so_many_lines() throws Exception {
        String body = IntStream.range(0, 1201).mapToObj(i -> "{\"value\":" + i + "}").collect(Collectors.joining("\n"));

        assertThat(collect(body, true, new Random(1), 100).chunks).containsExactly(500, 500, 201);
    }

    @Test
    void of_what_has_come_is_told_before_more_is_waited_for() throws Exception {
        String body = "{\"value\":\"" + "x".repeat(90_000) + "\"}\n{\"value\":1}\n";
        var pieces = new Random(1);

        List<Integer> held = collect(body, true, pieces, 5000).heldBytes;

        // Under a key the chunk, which is not complete, keeps what it has grown to.
        assertThat(held).hasSizeGreaterThan(20).isSorted().startsWith(0).last(INTEGER).isPositive();
        assertThat(collect(body, false, pieces, 5000).heldBytes).startsWith(0).endsWith(0).anyMatch(bytes -> bytes > 0);
    }

    @Test
    void a_buffer_is_as_large_as_the_lines_need() throws Exception {
        String line = "{\"value\":\"" + "x".repeat(90_000) + "\"}\n";

        assertThat(collect("{\"value\":1}\n".repeat(3000), false, new Random(1), 5000).mostReservedBytes).isZero();
        assertThat(collect("{\"value\":1}\n".repeat(3000), true, new Random(1), 5000).mostReservedBytes).isZero();
        assertThat(collect(line, false, new Random(1), 5000).mostReservedBytes).isEqualTo(MAX_LINE_BYTES + 1 - 64
                * 1024);
        assertThat(collect(line.repeat(3), true, new Random(1), 5000).mostReservedBytes).isBetween(64 * 1024, 192
                * 1024);
    }

    @Test
    void what_a_long_line_needed_is_given_back_once_it_is_handed_on() throws Exception {
        String line = "{\"value\":\"" + "x".repeat(90_000) + "\"}\n";
        for (boolean isKeyed : new boolean[]{false, true}) {
            Collected collected = collect(line + "{\"value\":1}\n".repeat(600), isKeyed, new Random(1), 5000);

            assertThat(collected.lines).hasSize(601);
            assertThat(collected.mostReservedBytes).isPositive();
            assertThat(collected.reservedBytes).isZero();
        }
    }

    @Test
    void what_the_headers_of_lines_need_is_counted_and_given_back_once_they_are_handed_on() throws Exception {
        String headers = "{\"value\":0,\"headers\":[" + "{\"key\":\"\"},".repeat(8_000) + "{\"key\":\"\"}]}\n";
        for (boolean isKeyed : new boolean[]{false, true}) {
            Collected collected = collect(headers + "{\"value\":1}\n".repeat(600), isKeyed, new Random(1), 1 << 20);

            assertThat(collected.lines).hasSize(601);
            assertThat(collected.mostReservedBytes).isGreaterThan(8_001 * 16);
            assertThat(collected.reservedBytes).isZero();
        }
    }

    @Test
    void lines_whose_headers_have_no_memory_end_the_stream_and_are_not_refused_themselves() {
        String headers = "{\"headers\":[" + "{\"key\":\"\"},".repeat(8_000) + "{\"key\":\"\"}]}\n";
        Collected collected = new Collected() {
            @Override
            public void reserve(int moreBytes) {
                super.reserve(moreBytes);
                if (mostReservedBytes > 128 * 1024) {
                    throw new RefusedException(ErrorCode.QUEUE_FULL, "there is no more");
                }
            }
        };
        var lines = new LineStream(collected, RecordSlices.ANY_PARTITION, true, MAX_LINE_BYTES);

        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> lines.readAll(inPieces(("{\"value\":1}\n"
                + headers).getBytes(UTF_8), new Random(1), 1 << 20))).withMessage("there is no more");
        assertThat(collected.lines).isEmpty();
    }

    @Test
    void of_many_short_lines_that_come_at_once_a_thousand_are_sent_together() throws Exception {
        assertThat(collect("1\n".repeat(2500), false, new Random(1), 1 << 20).chunks).allMatch(lines -> lines <= 1000);
    }

    @Test
    void blank_lines_without_end_take_no_memory() throws Exception {
        Collected collected = collect("\n".repeat(1_000_000) + "{\"value\":1}", true, new Random(1), 5000);

        assertThat(collected.lines).containsExactly("1");
    }
}
