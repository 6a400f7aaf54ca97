package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.edge.BodyBuffer;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.producer.Delivery;
import io.millrace.gateway.v3.records.BatchBody.Entry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Entries that are sent on together, and the answer that tells of each by its id. */
final class RecordBatch {
    private final RecordSlices records = new RecordSlices(this::count);
    private final BodyBuffer memory;
    private int countedBytes;
    private final List<Entry> entries;
    private final List<Taken> taken = new ArrayList<>();

    /** @param body whose memory is counted, and what is made of it, while it is open */
    RecordBatch(BodyBuffer body, List<Entry> entries) {
        this.entries = entries;
        this.memory = body;
        records.clear(body.bytes());
        var objects = new RecordObjects();
        entries.forEach(entry -> taken.add(objects.read(body.bytes(), entry.start(), entry.end(), records)));
    }

    private void count(int recordsBytes, int headersBytes) {
        int bytes = recordsBytes + headersBytes;
        if (bytes > BodyMemory.SMALL_BODY_BYTES && bytes > countedBytes) {
            memory.reserve(bytes - countedBytes);
            countedBytes = bytes;
        }
    }

    JsonOutput send(String clusterId, TopicImage topic, RecordSender sender, @Nullable RequestKey key)
            throws InterruptedException {
        boolean isRefused = key != null && Taken.refuseTogether(taken);
        long nowMs = System.currentTimeMillis();
        Delivery delivery = isRefused || records.count() == 0 ? null : sender.send(topic, records, key, nowMs);
        var reports = new Reports(clusterId, topic, delivery, nowMs);
        var successes = new JsonOutput(1024);
        var failures = new JsonOutput(64);
        successes.write("{\"successes\":[".getBytes(US_ASCII));
        failures.write("],\"failures\":[".getBytes(US_ASCII));
        int stored = 0;
        for (int i = 0; i < taken.size(); i++) {
            boolean isStored = reports.refusal(taken.get(i)) == null;
            JsonOutput out = isStored ? successes : failures;
            if ((isStored ? stored : i - stored) > 0) {
                out.write(',');
            }
            reports.write(entries.get(i).id(), taken.get(i), out);
            stored += isStored ? 1 : 0;
        }
        failures.write("]}".getBytes(US_ASCII));
        successes.write(failures.array(), 0, failures.size());
        return successes;
    }
}
