package io.millrace.workbench.failover;

import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.io.IOException;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

/** One of several clients that each send one record to one partition and wait for its answer. What fails is not sent again. */
final class HttpProducing implements Client {
    private final int writer;
    private final HttpCalls calls;
    private final Place place;
    private final Duration interval;
    private final Journal journal;

    HttpProducing(int writer, HttpCalls calls, Place place, Duration interval, Journal journal) {
        this.writer = writer;
        this.calls = calls;
        this.place = place;
        this.interval = interval;
        this.journal = journal;
    }

    @Override
    public void run() throws InterruptedException {
        Pace pace = new Pace(interval);
        for (long sequence = 0; true; sequence++) {
            pace.await();
            Write write = new Write(writer, sequence);
            try {
                JsonNode stored = calls.produce(place.topic(), place.partition(), write.toString());
                if (stored.has("offset")) {
                    journal.acknowledged(Door.HTTP, write, place, stored.get("offset").asLong());
                } else {
                    journal.failedWrite(Door.HTTP, write, stored.toString());
                }
            } catch (IOException e) {
                journal.failedWrite(Door.HTTP, write, String.valueOf(e.getMessage()));
            } catch (InterruptedException e) {
                journal.unanswered(write);
                throw e;
            }
        }
    }
}
