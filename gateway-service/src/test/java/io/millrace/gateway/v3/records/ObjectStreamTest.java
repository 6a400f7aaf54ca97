package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.memory.StreamMemory;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectStreamTest {
    private static final int LONGEST = 64;

    @Test
    void objects_are_found_wherever_the_body_is_cut_into_pieces() throws Exception {
        String body = " {\"a\":\"}{\\\"\"}{}\n\n{\"b\":[{\"c\":[]}]}\r\n{\"d\":\"é\\\\\"}";
        var whole = List.of("{\"a\":\"}{\\\"\"}", "{}", "{\"b\":[{\"c\":[]}]}", "{\"d\":\"é\\\\\"}");

        for (int readBytes = 1; readBytes <= body.length() + 2; readBytes++) {
            for (int piece = 1; piece <= 5; piece++) {
                assertThat(objects(body, readBytes, piece)).as(readBytes + " " + piece).isEqualTo(whole);
            }
        }
    }

    @Test
    void of_an_object_that_is_too_long_nothing_is_kept_and_the_next_is_found() throws Exception {
        String longest = "{\"a\":\"" + "x".repeat(LONGEST - 8) + "\"}";
        String tooLong = "{\"a\":\"" + "}".repeat(LONGEST - 7) + "\"}";
        String huge = "{\"a\":\"" + "{".repeat(20 * LONGEST) + "\"}";

        for (int readBytes : List.of(1, 7, LONGEST, 1000)) {
            assertThat(objects("{}" + longest + tooLong + "{}" + huge + "{}", readBytes, 1000)).as("reading "
                    + readBytes).containsExactly("{}", longest, "too long", "{}", "too long", "{}");
        }
    }

    @Test
    void no_more_is_held_than_one_longest_object() throws Exception {
        var random = new Random(1);
        var body = new StringBuilder();
        for (int i = 0; i < 2_000; i++) {
            body.append("{\"a\":\"").append("x".repeat(random.nextInt(2 * LONGEST))).append("\"}");
        }
        var stream = new ObjectStream(new ByteArrayInputStream(body.toString().getBytes(UTF_8)), 16, LONGEST,
                memory(1 << 20).open(16));
        int found = 0;

        while (stream.fill()) {
            while (stream.next()) {
                found++;
            }
            assertThat(stream.bytes().length).isLessThanOrEqualTo(LONGEST);
        }

        assertThat(found).isEqualTo(2_000);
    }

    @Test
    void the_memory_of_a_large_object_is_counted_as_it_comes() throws Exception {
        var memory = memory(1 << 20);
        String large = "{\"a\":\"" + "x".repeat(300_000) + "\"}";
        try (var share = memory.open(1 << 16)) {
            var stream = new ObjectStream(new Pieces((large + "{}".repeat(10) + large.substring(0, 200_000)).getBytes(
                    UTF_8), 1 << 16), 1 << 16, 1 << 20, share);
            var found = new ArrayList<Integer>();
            for (int i = 0; i < 5; i++) {
                assertThat(stream.fill()).isTrue();
                assertThat(memory.budget().usedBytes()).isEqualTo(stream.bytes().length);
                while (stream.next()) {
                    found.add(stream.end() - stream.start());
                }
            }
            assertThat(found).startsWith(large.length()).hasSize(11);
            assertThat(memory.budget().usedBytes()).isGreaterThanOrEqualTo(large.length());
            assertThat(stream.fill()).isTrue();
            assertThat(stream.next()).isFalse();
            assertThat(stream.fill()).isTrue();
        }
        assertThat(memory.budget().usedBytes()).isZero();
    }

    @Test
    void the_memory_of_a_large_object_that_was_passed_is_given_back() throws Exception {
        var memory = memory(1 << 20);
        String large = "{\"a\":\"" + "x".repeat(300_000) + "\"}";
        String space = " ".repeat(1 << 17);
        try (var share = memory.open(1 << 16)) {
            var stream = new ObjectStream(new Pieces((large + space + "{\"b\":1}").getBytes(UTF_8), 1 << 16), 1 << 16,
                    1 << 20, share);
            int found = 0;
            while (found < 2 && stream.fill()) {
                while (stream.next()) {
                    found++;
                }
            }
            assertThat(found).isEqualTo(2);
            assertThat(stream.bytes()).hasSize(1 << 16);
            assertThat(memory.budget().usedBytes()).isEqualTo(1 << 16);
        }
        assertThat(memory.budget().usedBytes()).isZero();
    }

    @Test
    void a_large_object_waits_for_memory_and_is_refused_when_there_is_none_in_time() throws Exception {
        var memory = memory(1 << 20);
        String large = "{\"a\":\"" + "x".repeat(300_000) + "\"}";
        try (var first = memory.open(0); var second = memory.open(1 << 16)) {
            first.reserve(1 << 20);
            var stream = new ObjectStream(new ByteArrayInputStream(large.getBytes(UTF_8)), 1 << 16, 1 << 20, second);
            assertThat(stream.fill()).isTrue();
            assertThat(stream.next()).isFalse();

            assertThatThrownBy(stream::fill).isInstanceOfSatisfying(RefusedException.class,
                    refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.QUEUE_FULL));

            first.release(1 << 20);
            while (!stream.next()) {
                assertThat(stream.fill()).isTrue();
            }
            assertThat(stream.end() - stream.start()).isEqualTo(large.length());
        }
        assertThat(memory.budget().usedBytes()).isZero();
    }

    @Test
    void a_body_that_is_no_longer_than_the_first_read_needs_no_more_however_it_comes() throws Exception {
        byte[] body = "{\"a\":1} {\"b\":2}".getBytes(UTF_8);
        var memory = memory(body.length);
        try (var share = memory.open(body.length)) {
            var stream = new ObjectStream(new Pieces(body, 5), body.length, body.length, share);
            int found = 0;
            while (stream.fill()) {
                while (stream.next()) {
                    found++;
                }
            }
            assertThat(found).isEqualTo(2);
            assertThat(memory.budget().usedBytes()).isEqualTo(body.length);
        }
    }

    private static StreamMemory memory(long limitBytes) {
        return new StreamMemory(limitBytes, Duration.ZERO, "the streams");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "[]", "\"a\"", "null", "{}, {}", "{}}", "]"})
    void what_is_no_object_is_refused(String body) {
        assertThatThrownBy(() -> objects(body, 100, 100)).hasMessageContaining("expected an object, at byte");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"a\":\"}", "{\"a\":{}", "{}{\"a\":1"})
    void an_object_without_end_is_refused(String body) {
        assertThatThrownBy(() -> objects(body, 3, 3)).hasMessageContaining("ends within an object");
    }

    private static List<String> objects(String body, int readBytes, int piece) throws Exception {
        var stream = new ObjectStream(new Pieces(body.getBytes(UTF_8), piece), readBytes, LONGEST, memory(1 << 20)
                .open(readBytes));
        var found = new ArrayList<String>();
        while (stream.fill()) {
            while (stream.next()) {
                found.add(stream.isTooLong() ? "too long"
                        : new String(stream.bytes(), stream.start(), stream.end() - stream.start(), UTF_8));
            }
        }
        return found;
    }

    /** Gives so many bytes at a time at the most, and tells of no more. */
    private static final class Pieces extends InputStream {
        private final ByteArrayInputStream in;
        private final int piece;

        private Pieces(byte[] body, int piece) {
            this.in = new ByteArrayInputStream(body);
            this.piece = piece;
        }

        @Override
        public int read() {
            return in.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            return in.read(target, offset, Math.min(piece, length));
        }

        @Override
        public int available() {
            return piece % 2 == 0 ? in.available() : 0;
        }
    }
}
