package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.load.HttpCalls.Answer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Asks for other replicas of all partitions, as an administrator does, and does not wait until they are there. */
public final class Moves {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration INTERVAL = Duration.ofMillis(500);
    /** As long as services may take to find each other after the fault before. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final HttpCalls calls;
    private final Recorder recorder;

    public Moves(List<String> gateways, Recorder recorder) {
        this.calls = new HttpCalls(gateways, 0, TIMEOUT);
        this.recorder = recorder;
    }

    /** @param replicas brokers, the preferred leader first */
    public void to(List<Integer> replicas) throws InterruptedException {
        String partitions = Topics.places().stream().map(place -> "{\"topic\":\"" + place.topic() + "\",\"partition\":"
                + place.partition() + ",\"replicas\":" + replicas + "}").collect(Collectors.joining(","));
        insist(() -> calls.postJson("/admin/reassignments", "{\"partitions\":[" + partitions + "]}"),
                "all partitions to brokers " + replicas);
    }

    /** What has not arrived goes back. */
    public void callOff() throws InterruptedException {
        insist(() -> calls.delete("/admin/rebalance"), "all partitions back to where they were");
    }

    @FunctionalInterface
    private interface Call {
        Answer send() throws InterruptedException;
    }

    /** Nothing befalls the suite now, so that it has to work in the end. */
    private void insist(Call call, String what) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        Answer answer = call.send();
        while (!answer.isOk()) {
            if (System.nanoTime() - deadlineNanos > 0) {
                recorder.broken("cannot bring " + what + ": " + answer);
                return;
            }
            TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
            answer = call.send();
        }
    }
}
