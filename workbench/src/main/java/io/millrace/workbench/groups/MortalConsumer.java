package io.millrace.workbench.groups;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The process of a {@link MortalMember}. It says {@link #READY}, subscribes once it reads a byte, and then says which partitions it
 * {@linkplain #ASSIGNED gets} and {@linkplain #REVOKED lets go of}. It ends with its input.
 */
final class MortalConsumer {
    static final String READY = "ready";
    static final String ASSIGNED = "assigned";
    static final String REVOKED = "revoked";
    private static final Duration POLL = Duration.ofMillis(500);

    private MortalConsumer() {}

    /** @param arguments the topic, and the consumer's settings as {@code name=value} */
    public static void main(String[] arguments) throws IOException {
        Map<String, Object> settings = Arrays.stream(arguments).skip(1).map(setting -> setting.split("=", 2))
                .collect(Collectors.toMap(setting -> setting[0], setting -> setting[1]));
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            System.out.println(READY);
            if (System.in.read() >= 0) {
                Thread.ofPlatform().daemon().start(MortalConsumer::endWithInput);
                read(consumer, arguments[0], System.out);
            }
        }
    }

    private static void read(KafkaConsumer<String, String> consumer, String topic, PrintStream said) {
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                said.println(ASSIGNED + numbers(partitions));
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                said.println(REVOKED + numbers(partitions));
            }
        });
        while (true) {
            consumer.poll(POLL);
        }
    }

    private static String numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(partition -> " " + partition.partition()).collect(Collectors.joining());
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // nothing is said to it any more
            }
        } catch (IOException e) {
            // as good as its end
        }
        Runtime.getRuntime().halt(0);
    }
}
