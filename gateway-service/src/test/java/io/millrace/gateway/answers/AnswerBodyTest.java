package io.millrace.gateway.answers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.records.NotJson;
import io.millrace.gateway.records.RecordFormat;
import io.millrace.gateway.records.RecordJsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.coyote.CloseNowException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.json.JsonMapper;

class AnswerBodyTest {
    private static final int LIMIT_BYTES = 4 << 20;
    private static final Duration LONG = Duration.ofMinutes(5);

    private final MemoryBudget budget = new MemoryBudget(LIMIT_BYTES);
    private final RecordJsonWriter writer = new RecordJsonWriter(RecordFormat.JSON, NotJson.REFUSE, false);

    private AnswerShare share(Duration drainLimit, Duration maxTime) {
        return new AnswerShare(budget, new AnswersProperties(DataSize.ofBytes(0), Duration.ZERO, drainLimit, maxTime));
    }

    private static RecordCursor records(List<String> values) {
        return new RecordCursor(MemoryRecords.withRecords(Compression.NONE, values.stream().map(
                value -> new SimpleRecord(
                        value.getBytes(UTF_8))).toArray(SimpleRecord[]::new)).buffer(), 0);
    }

    private int add(AnswerBody body, List<String> values) {
        writer.partition("orders", 0);
        var records = records(values);
        int added = 0;
        while (records.next() && body.add(writer, records)) {
            added++;
        }
        return added;
    }

    private static String quoted(int length) {
        return "\"" + "x".repeat(length) + "\"";
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 60, 300, 100_000, 600_000})
    void an_array_of_any_length_is_written_as_it_is_and_its_memory_given_back(int largest) throws IOException {
        var share = share(LONG, LONG);
        var body = new AnswerBody(share);
        var values = largest == 600_000 ? List.of(quoted(600_000), "1", quoted(200_000), "2")
                : IntStream.range(0, largest == 0 ? 0 : 900_000 / largest).mapToObj(i -> quoted(i % largest)).toList();
        add(body, values);
        var out = new ByteArrayOutputStream();
        long size = body.sizeBytes();
        assertThat(budget.usedBytes()).isGreaterThanOrEqualTo(size - 2);

        body.sendTo(out);

        assertThat(out.size()).isEqualTo(size);
        var json = JsonMapper.shared().readTree(out.toByteArray());
        assertThat(body.records()).isEqualTo(values.size()).isEqualTo(json.size());
        for (int i = 0; i < values.size(); i++) {
            assertThat(json.get(i).get("value").toString()).isEqualTo(values.get(i));
        }
        assertThat(budget.usedBytes()).isZero();
        share.close();
    }

    @Test
    void blocks_are_given_back_as_the_client_takes_them() throws IOException {
        var body = new AnswerBody(share(LONG, LONG));
        add(body, IntStream.range(0, 3_000).mapToObj(_ -> quoted(1_000)).toList());
        var used = new ArrayList<Long>();

        body.sendTo(new OutputStream() {
            @Override
            public void write(int b) {
                used.add(budget.usedBytes());
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                used.add(budget.usedBytes());
            }
        });

        assertThat(used.getFirst()).isGreaterThan(3_000_000);
        assertThat(used.getLast()).isZero();
        assertThat(used.get(used.size() / 2)).isBetween(1_400_000L, 2_000_000L);
    }

    @Test
    void it_ends_before_the_record_that_there_is_no_memory_for() throws IOException {
        var body = new AnswerBody(share(LONG, LONG));

        int added = add(body, IntStream.range(0, 6_000).mapToObj(_ -> quoted(1_000)).toList());

        assertThat(added).isBetween(3_000, 4_100);
        assertThat(budget.usedBytes()).isLessThanOrEqualTo(LIMIT_BYTES);
        var out = new ByteArrayOutputStream();
        body.sendTo(out);
        assertThat(JsonMapper.shared().readTree(out.toByteArray())).hasSize(added);
    }

    @Test
    void of_a_record_that_is_refused_nothing_is_left() throws IOException {
        var body = new AnswerBody(share(LONG, LONG));
        add(body, List.of("1"));

        assertThatThrownBy(() -> add(body, List.of("no json"))).isInstanceOf(RefusedException.class);

        add(body, List.of("2"));
        var out = new ByteArrayOutputStream();
        body.sendTo(out);
        assertThat(JsonMapper.shared().readTree(out.toByteArray())).hasSize(2);
    }

    @Test
    void a_slow_client_is_ended_at_the_drain_limit_only_while_memory_is_scarce() throws IOException {
        var share = share(Duration.ZERO, LONG);
        var patient = new AnswerBody(share);
        add(patient, List.of("1"));
        patient.sendTo(new ByteArrayOutputStream());

        var other = share(LONG, LONG);
        assertThat(other.admits(LIMIT_BYTES / 4)).isTrue();
        var slow = new AnswerBody(share);
        add(slow, List.of("1"));
        assertThatThrownBy(() -> slow.sendTo(new ByteArrayOutputStream())).isInstanceOf(CloseNowException.class);
        share.close();
        other.close();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void no_client_has_longer_than_the_longest_time() {
        var share = share(LONG, Duration.ZERO);
        var body = new AnswerBody(share);
        add(body, List.of("1"));

        assertThatThrownBy(() -> body.sendTo(new ByteArrayOutputStream())).isInstanceOf(CloseNowException.class);
    }
}
