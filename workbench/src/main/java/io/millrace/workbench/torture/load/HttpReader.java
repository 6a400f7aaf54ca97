package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import io.millrace.workbench.torture.load.HttpCalls.Answer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Reads the partitions in turn by offset from one gateway, and asks how far they go. */
final class HttpReader implements Client {
    private static final Duration INTERVAL = Duration.ofMillis(20);
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final int OUT_OF_RANGE = 416;

    private final int number;
    private final Recorder recorder;
    private final HttpCalls calls;
    private final List<Place> places = Topics.places();
    private final Map<Place, Long> positions = new HashMap<>();
    private int turns;

    HttpReader(int number, String gateway, Recorder recorder) {
        this.number = number;
        this.recorder = recorder;
        this.calls = new HttpCalls(List.of(gateway), 0, TIMEOUT);
    }

    @Override
    public void turn() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        Place place = places.get(turns++ % places.size());
        String path = "/topics/" + place.topic() + "/partitions/" + place.partition();
        read(place, path);
        Answer offsets = calls.get(path + "/offsets");
        if (offsets.isOk()) {
            recorder.add(new Event.HighWatermark(number, place, offsets.body().get("end_offset").asLong()));
        } else {
            recorder.refused("HTTP offsets: " + offsets);
        }
    }

    private void read(Place place, String path) throws InterruptedException {
        long position = positions.getOrDefault(place, 0L);
        Answer answer = calls.get(path + "/records?timeout=0&offset=" + position);
        if (answer.status() == OUT_OF_RANGE) {
            recorder.broken("HTTP reader " + number + " is told that what it read is gone: " + answer.body());
        } else if (answer.isOk()) {
            for (JsonNode record : answer.body()) {
                long offset = record.get("offset").asLong();
                recorder.add(new Event.Read(number, place, offset, Event.NO_EPOCH,
                        Write.parse(record.get("value").asString())));
                position = offset + 1;
            }
            positions.put(place, position);
        } else {
            recorder.refused("HTTP read: " + answer);
        }
    }
}
