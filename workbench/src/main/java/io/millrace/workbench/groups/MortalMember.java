package io.millrace.workbench.groups;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.TopicPartition;

/**
 * A consumer with a process of its own ({@link MortalConsumer}), which can be killed. One that shares ours takes leave of its group
 * however it is closed: Kafka's consumer of KIP-848 sends its leave even if it is to remain.
 */
final class MortalMember {
    private final int number;
    private final String topic;
    private final Ledger ledger;
    private final Process process;
    private final CountDownLatch ready = new CountDownLatch(1);
    private volatile boolean isEnding;

    MortalMember(int number, String topic, Map<String, Object> settings, Ledger ledger) throws IOException {
        this.number = number;
        this.topic = topic;
        this.ledger = ledger;
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                MortalConsumer.class.getName(), topic));
        settings.forEach((name, value) -> command.add(name + "=" + value));
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        Thread.ofVirtual().name("mortal-member-" + number).start(this::listen);
    }

    private void listen() {
        try (BufferedReader said = process.inputReader()) {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                take(line.split(" "));
            }
        } catch (IOException e) {
            // its end, too
        }
        if (!isEnding) {
            ledger.failed(new IllegalStateException("the process of consumer " + number + " ended"));
        }
        ready.countDown();
    }

    private void take(String[] words) {
        List<TopicPartition> partitions = Arrays.stream(words).skip(1).map(Integer::parseInt)
                .map(partition -> new TopicPartition(topic, partition)).toList();
        switch (words[0]) {
            case MortalConsumer.READY -> ready.countDown();
            case MortalConsumer.ASSIGNED -> ledger.assigned(number, partitions);
            case MortalConsumer.REVOKED -> ledger.revoked(number, partitions);
            default -> throw new IllegalStateException("consumer " + number + " said " + words[0]);
        }
    }

    /** Until it could join at once, or has ended. */
    void awaitReady() throws InterruptedException {
        ready.await();
    }

    void start() throws IOException {
        ledger.join(number);
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    /** Kills it; the group learns of it by its silence. */
    void die() {
        isEnding = true;
        ledger.leave(number);
        process.destroyForcibly();
    }
}
