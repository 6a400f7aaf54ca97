package io.millrace.workbench.failover;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;

/** Asks one broker, and no other, who leads what; Kafka's own clients ask whichever they like. */
final class MetadataProbe {
    private static final int TIMEOUT_MS = 5_000;
    private static final short VERSION = 12;

    private MetadataProbe() {}

    /** How many partitions of a topic are led by somebody else than {@code dead}, as this broker knows it. */
    static long ledByOthers(InetSocketAddress broker, String topic, int dead) throws IOException {
        return ask(broker, topic).topicMetadata().stream()
                .flatMap(described -> described.partitionMetadata().stream())
                .filter(partition -> partition.leaderId.isPresent() && partition.leaderId.get() != dead)
                .count();
    }

    private static MetadataResponse ask(InetSocketAddress broker, String topic) throws IOException {
        RequestHeader header = new RequestHeader(ApiKeys.METADATA, VERSION, "failover", 0);
        ByteBuffer request = new MetadataRequest.Builder(List.of(topic), false).build(VERSION)
                .serializeWithHeader(header);
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MS);
            socket.connect(broker, TIMEOUT_MS);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            byte[] framed = new byte[Integer.BYTES + request.remaining()];
            ByteBuffer.wrap(framed).putInt(request.remaining()).put(request);
            out.write(framed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            return (MetadataResponse) AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
        }
    }
}
