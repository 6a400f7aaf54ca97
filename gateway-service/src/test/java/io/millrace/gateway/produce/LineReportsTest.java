package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.memory.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class LineReportsTest {
    private static final TopicImage TOPIC = new TopicImage(new Uuid(1, 2), "orders", Map.of(), List.of());
    private static final int WINDOW_BYTES = 1000;

    private final MemoryBudget memory = new MemoryBudget(100_000);

    private static LineChunk bad(int lineBytes, String why) {
        var chunk = new LineChunk(TOPIC);
        chunk.addBad(lineBytes, new RefusedException(ErrorCode.MALFORMED_BODY, why));
        return chunk;
    }

    /** A client that takes nothing until the gate is open. */
    private static OutputStream gated(CountDownLatch gate) {
        return new OutputStream() {
            @Override
            public void write(int b) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
    }

    /** Goes on with a chunk, as soon as there is room. */
    private static Thread readOn(LineReports reports, LineChunk chunk) {
        return Thread.ofPlatform().start(() -> {
            try {
                reports.awaitRoom(chunk);
                reports.add(chunk, _ -> {});
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void reports_come_in_order_and_the_reason_of_the_end_last() throws Exception {
        var written = new ByteArrayOutputStream();
        var reports = new LineReports(written, WINDOW_BYTES, memory, Duration.ofSeconds(1));
        for (int i = 0; i < 20; i++) {
            LineChunk chunk = bad(100, "n" + i);
            reports.awaitRoom(chunk);
            reports.add(chunk, _ -> {});
        }
        var last = new LineChunk(TOPIC);
        last.end = new RefusedException(ErrorCode.UNAVAILABLE, "over");

        reports.finish(last);

        String[] lines = written.toString(UTF_8).split("\n");
        assertThat(lines).hasSize(21).startsWith("{\"error_code\":400,\"message\":\"n0\"}").endsWith(
                "{\"error_code\":503,\"message\":\"over\"}");
    }

    @Test
    void nothing_is_read_while_a_windows_bytes_are_not_reported() throws Exception {
        var gate = new CountDownLatch(1);
        var reports = new LineReports(gated(gate), WINDOW_BYTES, memory, Duration.ofSeconds(1));
        LineChunk first = bad(WINDOW_BYTES, "x".repeat(40_000));
        reports.awaitRoom(first);
        reports.add(first, _ -> {});
        Thread reader = readOn(reports, bad(2 * WINDOW_BYTES, "second"));
        await().until(() -> reader.getState() == Thread.State.WAITING);

        gate.countDown();

        reader.join();
        reports.finish(new LineChunk(TOPIC));
    }

    @Test
    void when_the_reports_cannot_be_written_reading_ends() throws Exception {
        var reports = new LineReports(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("gone");
            }
        }, WINDOW_BYTES, memory, Duration.ofSeconds(1));
        reports.add(bad(10, "first"), _ -> {});

        await().untilAsserted(() -> assertThatThrownBy(() -> {
            LineChunk next = bad(10, "next");
            reports.awaitRoom(next);
            reports.add(next, _ -> {});
        }).hasMessage("gone"));
        assertThatThrownBy(() -> reports.finish(new LineChunk(TOPIC))).isInstanceOf(IOException.class);
    }

    @Test
    void what_ends_early_sends_nothing_behind_its_end() throws Exception {
        var written = new ByteArrayOutputStream();
        var sent = new AtomicInteger();
        var reports = new LineReports(written, WINDOW_BYTES, memory, Duration.ofSeconds(1));
        reports.add(bad(10, "first"), _ -> sent.incrementAndGet());

        reports.endEarly(new RefusedException(ErrorCode.UNAVAILABLE, "over"), new LineChunk(TOPIC), () -> {
            throw new AssertionError("the answer has begun");
        });

        assertThatThrownBy(() -> reports.add(bad(10, "late"), _ -> sent.incrementAndGet())).hasMessage("over");
        assertThat(sent).hasValue(1);
        await().untilAsserted(() -> assertThat(written.toString(UTF_8)).isEqualTo(
                "{\"error_code\":400,\"message\":\"first\"}\n{\"error_code\":503,\"message\":\"over\"}\n"));
        reports.finish(new LineChunk(TOPIC));
    }

    @Test
    void what_ends_before_there_is_a_report_is_told_all_the_same() throws Exception {
        var written = new ByteArrayOutputStream();
        var sent = new AtomicInteger();
        var begun = new AtomicInteger();
        var reports = new LineReports(written, WINDOW_BYTES, memory, Duration.ofSeconds(1));

        reports.endEarly(new RefusedException(ErrorCode.UNAVAILABLE, "over"), new LineChunk(TOPIC),
                begun::incrementAndGet);

        assertThatThrownBy(() -> reports.add(bad(10, "late"), _ -> sent.incrementAndGet())).hasMessage("over");
        assertThat(reports.haveBegun()).isTrue();
        reports.finish(new LineChunk(TOPIC));
        assertThat(written.toString(UTF_8)).isEqualTo("{\"error_code\":503,\"message\":\"over\"}\n");
        assertThat(begun).hasValue(1);
        assertThat(sent).hasValue(0);
    }

    @Test
    void while_others_hold_the_memory_of_all_streams_a_window_is_no_wider_than_its_first_bytes() throws Exception {
        var others = new MemoryBudget(100_000);
        assertThat(others.tryReserve(50_000)).isTrue();
        var gate = new CountDownLatch(1);
        var reports = new LineReports(gated(gate), 1 << 20, others, Duration.ofSeconds(1));
        for (int i = 0; i < 3; i++) {
            LineChunk counted = bad(30_000, "x".repeat(40_000));
            reports.awaitRoom(counted);
            reports.add(counted, _ -> {});
        }
        assertThat(others.usedBytes()).as("two are within the first bytes").isBetween(50_000L + 30_000, 100_000L);
        Thread reader = readOn(reports, bad(30_000, "more"));
        await().until(() -> reader.getState() == Thread.State.WAITING);

        gate.countDown();

        reader.join();
        reports.finish(new LineChunk(TOPIC));
        reports.close();
        assertThat(others.usedBytes()).isEqualTo(50_000);
    }
}
