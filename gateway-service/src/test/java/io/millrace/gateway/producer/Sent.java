package io.millrace.gateway.producer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.record.RecordSlices;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record of a test.
 *
 * @param partition the one that it chooses, or negative
 */
record Sent(@Nullable String key, String value, int partition) {
    static RecordSlices slices(List<Sent> records) {
        var all = new StringBuilder();
        records.forEach(record -> all.append(record.key == null ? "" : record.key).append(record.value));
        var slices = new RecordSlices();
        slices.clear(all.toString().getBytes(UTF_8));
        int at = 0;
        for (Sent record : records) {
            slices.add();
            if (record.key != null) {
                slices.key(at, record.key.length());
                at += record.key.length();
            }
            slices.value(at, record.value.length());
            at += record.value.length();
            if (record.partition >= 0) {
                slices.partition(record.partition);
            }
        }
        return slices;
    }
}
