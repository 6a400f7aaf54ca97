package io.millrace.workbench.failover;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Reads one partition by offset as it grows. */
final class HttpReading implements Client {
    private static final Duration WAIT = Duration.ofMillis(500);
    /** A reader that is at the end would else ask for each record by itself. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final int reader;
    private final HttpCalls calls;
    private final Place place;
    private final Journal journal;
    private long next;

    HttpReading(int reader, HttpCalls calls, Place place, Journal journal) {
        this.reader = reader;
        this.calls = calls;
        this.place = place;
        this.journal = journal;
    }

    @Override
    public void run() throws InterruptedException {
        while (true) {
            try {
                for (JsonNode record : calls.fetch(place.topic(), place.partition(), next, WAIT)) {
                    long offset = record.get("offset").asLong();
                    journal.seen(new Event.Read(reader, place, offset, Event.NO_EPOCH,
                            Write.parse(record.get("value").asString())));
                    next = offset + 1;
                }
            } catch (IOException e) {
                journal.failedRead(Door.HTTP, String.valueOf(e.getMessage()));
            }
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
    }
}
