package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Gateway.Answer;
import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP consumer whose every call goes to another gateway than its last one. It polls, and commits what it got; a call that failed it
 * makes again at the other gateway, as a careful client does, a poll under the same name.
 */
final class RoamingMember implements Callable<Void> {
    private static final int POLL_MS = 200;

    /** A call that succeeded. */
    record Success(String kind, long startedNanos, long endedNanos) {}

    private final List<Gateway> gateways;
    private final String path;
    private final String name;
    private final String topic;
    private final GroupReading reading;
    private final GroupWatch watch;
    private final ConcurrentLinkedQueue<Success> successes = new ConcurrentLinkedQueue<>();
    private volatile boolean done;
    private int calls;
    private int polls;
    private int failures;
    private int conflicts;

    /** @param path of the instance */
    RoamingMember(List<Gateway> gateways, String path, String name, String topic, GroupReading reading,
            GroupWatch watch) {
        this.gateways = gateways;
        this.path = path;
        this.name = name;
        this.topic = topic;
        this.reading = reading;
        this.watch = watch;
    }

    @Override
    public Void call() throws Exception {
        while (!done) {
            List<Delivered> records = poll();
            if (!records.isEmpty()) {
                commit(records);
            }
        }
        return null;
    }

    void finish() {
        done = true;
    }

    private List<Delivered> poll() throws InterruptedException {
        String poll = path + "/records?timeout=" + POLL_MS + "&poll_id=" + ++polls;
        while (true) {
            long startedNanos = System.nanoTime();
            Map<Integer, Long> committed = watch.acknowledged();
            Answer answer = tried(gateway -> gateway.get(poll));
            if (answer != null) {
                List<Delivered> records = Gateway.delivered(answer.expect(200).body());
                records.forEach(record -> assertThat(record.offset())
                        .as("an offset of partition %d, of which %s was told to be committed", record.partition(),
                                committed)
                        .isGreaterThanOrEqualTo(committed.getOrDefault(record.partition(), 0L)));
                reading.add(new GroupReading.Poll(name, startedNanos, System.nanoTime(), records));
                successes.add(new Success("poll", startedNanos, System.nanoTime()));
                return records;
            }
        }
    }

    /** Every other time by naming the offsets; otherwise of all that it has got, which a coordinator that took over since cannot know. */
    private void commit(List<Delivered> records) throws InterruptedException {
        Map<Integer, Long> next = new HashMap<>();
        records.forEach(record -> next.merge(record.partition(), record.offset() + 1, Math::max));
        var offsets = next.entrySet().stream().map(offset -> "{\"topic\":\"" + topic + "\",\"partition\":" + offset
                .getKey()
                + ",\"offset\":" + offset.getValue() + "}").toList();
        boolean byName = polls % 2 == 0;
        while (true) {
            long startedNanos = System.nanoTime();
            Answer answer = tried(gateway -> gateway.post(path + "/offsets", Gateway.METADATA, byName
                    ? "{\"offsets\":[" + String.join(",", offsets) + "]}"
                    : ""));
            if (answer != null && answer.status() == 409 && !byName) {
                conflicts++;
                return;
            }
            if (answer != null) {
                answer.expect(204);
                watch.acknowledged(next);
                successes.add(new Success("commit", startedNanos, System.nanoTime()));
                return;
            }
        }
    }

    private interface Call {
        Answer at(Gateway gateway) throws IOException, InterruptedException;
    }

    /** Null where the next gateway is to be asked: nobody answered, or somebody said to come again. */
    private @Nullable Answer tried(Call call) throws InterruptedException {
        try {
            Answer answer = call.at(gateways.get(++calls % gateways.size()));
            if (answer.status() != 503) {
                return answer;
            }
            assertThat(answer.retryAfter()).as("%s", answer.body()).isNotNull();
        } catch (IOException e) {
            // the gateway has died
        }
        failures++;
        return null;
    }

    /** When the first such call ended that was begun after the given time; -1 while there is none. */
    long firstSuccessNanos(String kind, long sinceNanos) {
        return successes.stream().filter(success -> success.kind().equals(kind) && success.startedNanos() >= sinceNanos)
                .mapToLong(Success::endedNanos).min().orElse(-1);
    }

    @Override
    public String toString() {
        return name + ": " + successes.size() + " calls succeeded, " + failures + " were made again, " + conflicts
                + " commits met another coordinator";
    }
}
