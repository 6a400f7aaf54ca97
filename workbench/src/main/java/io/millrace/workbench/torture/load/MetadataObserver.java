package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;

/** Asks every broker by itself who leads what, past any fault of the network. Kafka's own clients do not tell leader epochs. */
final class MetadataObserver implements Client {
    private static final Duration INTERVAL = Duration.ofMillis(200);
    private static final int TIMEOUT_MS = 500;
    private static final short VERSION = 12;

    private final List<InetSocketAddress> brokers;
    private final Recorder recorder;

    MetadataObserver(List<InetSocketAddress> brokers, Recorder recorder) {
        this.brokers = brokers;
        this.recorder = recorder;
    }

    @Override
    public void turn() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        for (int broker = 0; broker < brokers.size(); broker++) {
            String source = "broker-" + broker;
            try {
                record(source, ask(brokers.get(broker)));
            } catch (IOException e) {
                recorder.refused("metadata: " + e.getClass().getSimpleName());
            }
        }
    }

    private void record(String source, MetadataResponse response) {
        for (MetadataResponse.TopicMetadata topic : response.topicMetadata()) {
            for (MetadataResponse.PartitionMetadata partition : topic.partitionMetadata()) {
                if (partition.leaderId.isPresent() && partition.leaderEpoch.isPresent()) {
                    recorder.add(new Event.Leader(source, new Place(partition.topic(), partition.partition()),
                            partition.leaderEpoch.get(), partition.leaderId.get()));
                }
            }
        }
    }

    private static MetadataResponse ask(InetSocketAddress broker) throws IOException {
        RequestHeader header = new RequestHeader(ApiKeys.METADATA, VERSION, "torture", 0);
        ByteBuffer request = new MetadataRequest.Builder(Topics.ALL, false).build(VERSION).serializeWithHeader(header);
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MS);
            socket.connect(broker, TIMEOUT_MS);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(request.remaining());
            out.write(request.array(), request.arrayOffset() + request.position(), request.remaining());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            return (MetadataResponse) AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
        }
    }
}
