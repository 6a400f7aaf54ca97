package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Changes.Change;
import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.endtoend.Gateway.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** The real events as they go into a topic, batch by batch, and what must hold of whoever reads them. */
final class StoredChanges {
    private static final int BATCH = 500;

    private final List<Change> changes = Changes.all();
    private final List<Place> places = new ArrayList<>();

    StoredChanges() throws IOException {
        assertThat(changes).hasSize(60_000);
    }

    int count() {
        return changes.size();
    }

    /** How many batches they are. */
    int batches() {
        return changes.size() / BATCH;
    }

    /** The records of one batch. */
    List<String> batch(int number) {
        return changes.subList(number * BATCH, (number + 1) * BATCH).stream().map(Change::asRecord).toList();
    }

    /** The next batch is stored there. */
    void stored(List<Place> batch) {
        assertThat(batch).hasSize(BATCH);
        places.addAll(batch);
    }

    /** Every partition holds them and nothing else, and each key its partition and order. */
    void assertStoredOnceInOrder(int partitions) {
        Map<Integer, Long> next = new HashMap<>();
        for (Place place : places) {
            assertThat(place.offset()).isEqualTo(next.getOrDefault(place.partition(), 0L));
            next.put(place.partition(), place.offset() + 1);
        }
        assertThat(next).hasSizeBetween(2, partitions);
        Map<String, Place> last = new HashMap<>();
        for (int event = 0; event < changes.size(); event++) {
            Place place = places.get(event);
            Place before = last.put(changes.get(event).module(), place);
            if (before != null) {
                assertThat(place.partition()).isEqualTo(before.partition());
                assertThat(place.offset()).isGreaterThan(before.offset());
            }
        }
    }

    /** At each place where an event was stored stands that event: none lost, and the order of each key kept. */
    void assertAllRead(GroupReading reading) {
        Map<Integer, Map<Long, JsonNode>> values = reading.valuesByPartition();
        for (int event = 0; event < changes.size(); event++) {
            Place place = places.get(event);
            JsonNode value = values.getOrDefault(place.partition(), Map.of()).get(place.offset());
            assertThat(value).as("event %d at %s", event, place).isNotNull();
            assertThat(value.get("id").asString()).isEqualTo(changes.get(event).id());
        }
        assertThat(reading.distinct()).isEqualTo(changes.size());
        reading.assertPartitionsWereReadInOrder();
    }

    /** What one reader saw is each event once, in the order of each partition. */
    void assertSeenOnceInOrder(List<Delivered> seen, String how) {
        Map<Integer, Long> next = new HashMap<>();
        Set<String> ids = new HashSet<>();
        for (Delivered event : seen) {
            assertThat(event.offset()).as("%s, partition %d", how, event.partition())
                    .isEqualTo(next.getOrDefault(event.partition(), 0L));
            next.put(event.partition(), event.offset() + 1);
            ids.add(event.value().get("id").asString());
        }
        assertThat(ids).as(how).hasSize(changes.size());
        assertThat(seen).as(how).hasSize(changes.size());
    }
}
