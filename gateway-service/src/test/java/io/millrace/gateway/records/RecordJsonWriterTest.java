package io.millrace.gateway.records;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.json.JsonOutput;
import java.util.Arrays;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

class RecordJsonWriterTest {
    private final JsonOutput out = new JsonOutput(16);

    private static RecordCursor cursor(long baseOffset, String... values) {
        SimpleRecord[] records = Arrays.stream(values).map(value -> new SimpleRecord(7, null, value.getBytes(UTF_8)))
                .toArray(SimpleRecord[]::new);
        return new RecordCursor(MemoryRecords.withRecords(baseOffset, Compression.NONE, records).buffer(), baseOffset);
    }

    private static RecordCursor first(RecordCursor cursor) {
        assertThat(cursor.next()).isTrue();
        return cursor;
    }

    private RecordJsonWriter writer(RecordFormat format, NotJson notJson, boolean onOneLine) {
        var writer = new RecordJsonWriter(format, notJson, onOneLine);
        writer.partition("a\"b", 3);
        return writer;
    }

    private String written() {
        return new String(out.array(), 0, out.size(), UTF_8);
    }

    @Test
    void stored_json_can_be_kept_on_one_line() {
        writer(RecordFormat.JSON, NotJson.REFUSE, true).write(out, first(cursor(5, "{\r\n \"a\":\n1}")));

        assertThat(written()).isEqualTo(
                "{\"topic\":\"a\\\"b\",\"partition\":3,\"offset\":5,\"timestamp\":7,\"key\":null,\"value\":{   \"a\": 1}}");
    }

    @Test
    void what_is_not_json_is_refused_or_shown_as_a_string() {
        writer(RecordFormat.JSON, NotJson.AS_STRING, false).write(out, first(cursor(0, "plain \"text\"")));

        assertThat(written()).endsWith("\"value\":\"plain \\\"text\\\"\"}");
        assertThatThrownBy(() -> writer(RecordFormat.JSON, NotJson.REFUSE, false).write(out, first(cursor(0, "plain"))))
                .isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code()).isEqualTo(
                        ErrorCode.FORMAT_MISMATCH));
    }

    @Test
    void headers_are_shown_as_base64() {
        var record = new SimpleRecord(7, null, "1".getBytes(UTF_8),
                new Header[]{new RecordHeader("k", "hey".getBytes(UTF_8)), new RecordHeader("n", (byte[]) null)});
        var records = new RecordCursor(MemoryRecords.withRecords(Compression.NONE, record).buffer(), 0);

        writer(RecordFormat.TEXT, NotJson.REFUSE, false).write(out, first(records));

        assertThat(written()).endsWith(
                ",\"headers\":[{\"key\":\"k\",\"value\":\"aGV5\"},{\"key\":\"n\",\"value\":null}]}");
    }

    @Test
    void header_values_name_formats_anywhere_in_them_and_in_any_case() {
        assertThat(RecordFormat.named("text/html, Application/VND.kafka.Text.v2+json;q=0.9")).isEqualTo(
                RecordFormat.TEXT);
        assertThat(RecordFormat.named("application/vnd.kafka.v2+json, application/vnd.kafka.binary.v2+json")).isEqualTo(
                RecordFormat.BINARY);
        assertThat(RecordFormat.named("application/json")).isNull();
        assertThat(RecordFormat.named("application/vnd.kafka")).isNull();
        assertThat(RecordFormat.named(null)).isNull();
    }
}
