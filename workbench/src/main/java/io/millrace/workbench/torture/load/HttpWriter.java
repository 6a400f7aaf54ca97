package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import io.millrace.workbench.torture.load.HttpCalls.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Sends one request of a few records after the other, and again what is not known to be stored: it may be stored twice then. */
final class HttpWriter implements Client {
    private static final Duration INTERVAL = Duration.ofMillis(20);
    private static final Duration TIMEOUT = Duration.ofSeconds(8);
    private static final int RECORDS_AT_MOST = 3;

    private final int number;
    private final Recorder recorder;
    private final HttpCalls calls;
    private long sequence;
    private List<Write> pending = List.of();

    HttpWriter(int number, List<String> gateways, Recorder recorder) {
        this.number = number;
        this.recorder = recorder;
        this.calls = new HttpCalls(gateways, number, TIMEOUT);
    }

    @Override
    public void turn() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        if (pending.isEmpty()) {
            pending = fresh();
        }
        Answer answer = calls.produce(Topics.HTTP, body());
        List<Write> unknown = new ArrayList<>();
        if (answer.status() == 200) {
            JsonNode offsets = answer.body().get("offsets");
            for (int at = 0; at < pending.size(); at++) {
                JsonNode offset = offsets.get(at);
                if (offset.has("offset")) {
                    recorder.add(new Event.Acknowledged(recorder.nowMs(), pending.get(at),
                            new Place(Topics.HTTP, offset.get("partition").asInt()), offset.get("offset").asLong()));
                } else {
                    recorder.refused("HTTP produce, record: " + offset.path("code").asString(offset.toString()));
                    unknown.add(pending.get(at));
                }
            }
        } else {
            recorder.refused("HTTP produce: " + answer);
            unknown.addAll(pending);
        }
        unknown.forEach(write -> recorder.add(new Event.Unknown(write)));
        pending = unknown;
    }

    private List<Write> fresh() {
        List<Write> writes = new ArrayList<>();
        for (long left = 1 + sequence % RECORDS_AT_MOST; left > 0; left--) {
            writes.add(new Write(number, sequence++));
        }
        return writes;
    }

    private String body() {
        return pending.stream()
                .map(write -> "{\"key\":\"" + Topics.key(write.sequence()) + "\",\"value\":" + Topics.quoted(write)
                        + "}")
                .collect(Collectors.joining(",", "{\"records\":[", "]}"));
    }
}
