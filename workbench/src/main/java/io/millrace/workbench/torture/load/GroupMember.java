package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.load.HttpCalls.Answer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** An HTTP consumer instance that polls and commits, and is made anew when it is gone. */
final class GroupMember implements Client {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    /** One that polls again at once would else get, and commit, each record by itself. */
    private static final Duration INTERVAL = Duration.ofMillis(20);
    private static final Duration BACKOFF = Duration.ofMillis(200);
    private static final int POLL_TIMEOUT_MS = 300;
    private static final int SESSION_TIMEOUT_MS = 10_000;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;

    private final String group;
    private final String name;
    private final boolean isAlone;
    private final Recorder recorder;
    private final HttpCalls calls;
    private final Map<Place, Long> tried = new HashMap<>();
    private int instances;
    private @Nullable String instance;

    /** @param isAlone nobody else is in the group: it says which offsets it commits, and knows so what must be there from then on */
    GroupMember(String group, String name, boolean isAlone, List<String> gateways, Recorder recorder) {
        this.group = group;
        this.name = name;
        this.isAlone = isAlone;
        this.recorder = recorder;
        this.calls = new HttpCalls(gateways, name.hashCode() & 1, TIMEOUT);
    }

    @Override
    public void turn() throws InterruptedException {
        String path = instance == null ? join() : instance;
        if (path == null) {
            TimeUnit.NANOSECONDS.sleep(BACKOFF.toNanos());
            return;
        }
        instance = path;
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        Answer polled = calls.get(path + "/records?timeout=" + POLL_TIMEOUT_MS);
        if (!polled.isOk()) {
            refused("poll", polled);
            return;
        }
        for (JsonNode record : polled.body()) {
            tried.merge(new Place(record.get("topic").asString(), record.get("partition").asInt()),
                    record.get("offset").asLong() + 1, Math::max);
        }
        if (isAlone) {
            commitExplicitly(path);
        } else {
            commitAll(path);
        }
    }

    private @Nullable String join() throws InterruptedException {
        String id = name + "-" + instances++;
        Answer created = calls.post("/consumers/" + group, "{\"name\":\"" + id
                + "\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"enable.auto.commit\":false,"
                + "\"session.timeout.ms\":" + SESSION_TIMEOUT_MS + "}");
        if (!created.isOk()) {
            recorder.refused("HTTP consumer, create: " + created);
            return null;
        }
        String path = "/consumers/" + group + "/instances/" + id;
        Answer subscribed = calls.post(path + "/subscription", "{\"topics\":[" + Topics.ALL.stream()
                .map(Topics::quoted).collect(Collectors.joining(",")) + "]}");
        if (!subscribed.isOk()) {
            recorder.refused("HTTP consumer, subscribe: " + subscribed);
            return null;
        }
        return path;
    }

    /** What was tried before is tried again, and nothing lower: a commit of unknown outcome may still come to be. */
    private void commitExplicitly(String path) throws InterruptedException {
        if (tried.isEmpty()) {
            return;
        }
        Answer committed = calls.post(path + "/offsets", tried.entrySet().stream()
                .map(entry -> "{\"topic\":\"" + entry.getKey().topic() + "\",\"partition\":"
                        + entry.getKey().partition() + ",\"offset\":" + entry.getValue() + "}")
                .collect(Collectors.joining(",", "{\"offsets\":[", "]}")));
        if (committed.isOk()) {
            tried.forEach((place, offset) -> recorder.add(new Event.Committed(group, place, offset)));
        } else {
            refused("commit", committed);
        }
    }

    private void commitAll(String path) throws InterruptedException {
        Answer committed = calls.post(path + "/offsets", "{}");
        if (!committed.isOk()) {
            refused("commit", committed);
            return;
        }
        int askedAt = recorder.size();
        Answer kept = calls.get(path + "/offsets");
        if (kept.isOk()) {
            for (JsonNode row : kept.body().get("offsets")) {
                recorder.add(new Event.CommitRead(group, new Place(row.get("topic").asString(),
                        row.get("partition").asInt()), row.get("offset").asLong(), askedAt));
            }
        } else {
            refused("committed", kept);
        }
    }

    private void refused(String what, Answer answer) throws InterruptedException {
        recorder.refused("HTTP consumer, " + what + ": " + answer);
        if (answer.status() == NOT_FOUND || answer.status() == CONFLICT) {
            instance = null;
        } else {
            TimeUnit.NANOSECONDS.sleep(BACKOFF.toNanos());
        }
    }
}
