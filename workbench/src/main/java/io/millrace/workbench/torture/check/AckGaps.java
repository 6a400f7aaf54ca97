package io.millrace.workbench.torture.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How long a partition went without an acknowledged write. */
public final class AckGaps {
    private final Map<Place, long[]> acknowledgedMs = new HashMap<>();

    /** Of one topic of a history. */
    public AckGaps(History history, String topic) {
        Map<Place, List<Long>> times = new HashMap<>();
        for (Event event : history.events()) {
            if (event instanceof Event.Acknowledged ack && ack.place().topic().equals(topic)) {
                times.computeIfAbsent(ack.place(), ignored -> new ArrayList<>()).add(ack.atMs());
            }
        }
        times.forEach((place, list) -> acknowledgedMs.put(place, list.stream().mapToLong(Long::longValue).sorted()
                .toArray()));
    }

    /** The longest, in any one partition, of those that reach into a time; in ms. What has no acknowledgement after it ends with the time. */
    public long longestMs(long fromMs, long toMs) {
        return acknowledgedMs.values().stream().mapToLong(times -> longestMs(times, fromMs, toMs)).max().orElse(toMs
                - fromMs);
    }

    private static long longestMs(long[] times, long fromMs, long toMs) {
        int found = Arrays.binarySearch(times, fromMs);
        int next = found >= 0 ? found : -found - 1;
        long before = next > 0 ? times[next - 1] : fromMs;
        long longest = 0;
        for (; next < times.length && before < toMs; next++) {
            longest = Math.max(longest, times[next] - before);
            before = times[next];
        }
        return before < toMs ? Math.max(longest, toMs - before) : longest;
    }
}
