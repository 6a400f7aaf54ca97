package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.api.TopicPartition;
import io.millrace.gateway.json.JsonOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;

/** The blocks of a group's stream, gathered. They have no ids: where the client goes on is what its group has committed. */
final class GroupBlocks {
    private static final byte[] RECORD = "event: record\n".getBytes(US_ASCII);
    private static final byte[] END = "\n\n".getBytes(US_ASCII);
    private static final int INITIAL_BYTES = 512;
    /** Of what a client is given at once. */
    private static final int PIECE_BYTES = 64 * 1024;

    private JsonOutput out = new JsonOutput(INITIAL_BYTES);

    void retry(long waitMs) {
        text("retry: " + waitMs + "\n\n");
    }

    void heartbeat() {
        text(":\n\n");
    }

    void records(RenderedRecords records) {
        for (int record = 0; record < records.count(); record++) {
            out.write(RECORD);
            out.write(records.data(), records.start(record), records.end(record) - records.start(record));
        }
    }

    void joined(String group, String instance, String baseUri, boolean commitsItself) {
        text("event: joined\ndata: {\"group\":");
        out.writeString(group);
        text(",\"instance_id\":");
        out.writeString(instance);
        text(",\"base_uri\":");
        out.writeString(baseUri);
        text(",\"commit\":\"" + (commitsItself ? "auto" : "manual") + "\"}");
        out.write(END);
    }

    void assigned(Collection<TopicPartition> partitions) {
        partitions("assigned", partitions);
    }

    void revoked(Collection<TopicPartition> partitions) {
        partitions("revoked", partitions);
    }

    void gap(TopicPartition partition, long requested, long available) {
        text("event: gap\ndata: {\"topic\":");
        out.writeString(partition.topic());
        text(",\"partition\":" + partition.partition() + ",\"requested\":" + requested + ",\"available\":" + available
                + "}");
        out.write(END);
    }

    void caughtUp() {
        text("event: caught-up\ndata: {}\n\n");
    }

    void fenced(String why) {
        text("event: fenced\ndata: {\"message\":");
        out.writeString(why);
        text("}");
        out.write(END);
    }

    boolean isEmpty() {
        return out.size() == 0;
    }

    int size() {
        return out.size();
    }

    /** Memory held, besides the little that every stream has. */
    int heldBytes() {
        return out.capacity() > INITIAL_BYTES ? out.capacity() : 0;
    }

    /** Takes back what was added since it had this size, and the memory for it. */
    void truncate(int size) {
        if (size < out.size()) {
            var kept = new JsonOutput(Math.max(size, INITIAL_BYTES));
            kept.write(out.array(), 0, size);
            out = kept;
        }
    }

    /** Hands everything to the client, piece by piece, and keeps no large buffer. */
    void drainTo(ClientLine client) throws IOException {
        int left = out.size();
        for (int from = 0; left > 0; from += PIECE_BYTES) {
            int piece = Math.min(PIECE_BYTES, left);
            client.write(from == 0 ? out.array() : Arrays.copyOfRange(out.array(), from, from + piece), piece);
            client.flush();
            left -= piece;
        }
        out = new JsonOutput(INITIAL_BYTES);
    }

    private void partitions(String event, Collection<TopicPartition> partitions) {
        text("event: " + event + "\ndata: {\"partitions\":[");
        boolean first = true;
        for (var partition : partitions) {
            text(first ? "{\"topic\":" : ",{\"topic\":");
            first = false;
            out.writeString(partition.topic());
            text(",\"partition\":" + partition.partition() + "}");
        }
        text("]}");
        out.write(END);
    }

    private void text(String ascii) {
        out.write(ascii.getBytes(US_ASCII));
    }
}
