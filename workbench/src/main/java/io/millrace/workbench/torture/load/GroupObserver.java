package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.load.HttpCalls.Answer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Asks what groups have committed. */
final class GroupObserver implements Client {
    private static final Duration INTERVAL = Duration.ofMillis(300);
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    private final List<String> groups;
    private final Recorder recorder;
    private final HttpCalls calls;

    GroupObserver(List<String> groups, List<String> gateways, Recorder recorder) {
        this.groups = groups;
        this.recorder = recorder;
        this.calls = new HttpCalls(gateways, 0, TIMEOUT);
    }

    @Override
    public void turn() throws InterruptedException {
        for (String group : groups) {
            TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
            int askedAt = recorder.size();
            Answer lag = calls.get("/groups/" + group + "/lag");
            if (lag.isOk()) {
                for (JsonNode row : lag.body().get("partitions")) {
                    JsonNode committed = row.path("committed_offset");
                    if (committed.isNumber()) {
                        recorder.add(new Event.CommitRead(group, new Place(row.get("topic").asString(),
                                row.get("partition").asInt()), committed.asLong(), askedAt));
                    }
                }
            } else {
                recorder.refused("HTTP lag: " + lag);
            }
        }
    }
}
