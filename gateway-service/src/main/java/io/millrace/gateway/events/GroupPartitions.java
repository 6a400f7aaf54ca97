package io.millrace.gateway.events;

import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.TopicPartition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a group's stream may read, and how far it is. Pure: told what the coordinator granted and what was read. */
final class GroupPartitions {
    private final Map<TopicPartition, Source> sources = new TreeMap<>();
    private int turn;

    /**
     * Takes up what was granted.
     *
     * @return what came and what went
     */
    Change take(List<Granted> granted) {
        var before = new TreeSet<>(sources.keySet());
        var now = new TreeMap<TopicPartition, Source>();
        var assigned = new ArrayList<TopicPartition>();
        for (var each : granted) {
            var partition = new TopicPartition(each.topic(), each.partition());
            var known = sources.get(partition);
            if (known != null && known.topicId.equals(each.topicId())) {
                known.regrant(each);
                now.put(partition, known);
                before.remove(partition);
            } else {
                now.put(partition, new Source(partition, each));
                assigned.add(partition);
            }
        }
        sources.clear();
        sources.putAll(now);
        return new Change(assigned, List.copyOf(before));
    }

    /** All of them, beginning with another each time, so that none is always the last to get room. */
    List<Source> inTurn() {
        var all = new ArrayList<>(sources.values());
        if (!all.isEmpty()) {
            Collections.rotate(all, -(turn++ % all.size()));
        }
        return all;
    }

    Collection<Source> all() {
        return sources.values();
    }

    /** Where the stream stands, as far as the client was given records. */
    List<Position> standing() {
        return sources.values().stream().filter(Source::hasPosition).map(source -> source.at(source.position)).toList();
    }

    /** Where the stream stood when its time before the last began, see {@link #age}. */
    List<Position> confirmed() {
        return sources.values().stream().filter(source -> source.confirmed != Source.UNKNOWN).map(source -> source.at(
                source.confirmed)).toList();
    }

    /** Begins a new time; what was given out by when the last one began counts as come to the client. */
    void age() {
        sources.values().forEach(source -> {
            source.confirmed = source.earlier;
            source.earlier = source.position;
        });
    }

    /** Whether the client was given what does not count yet as come to it. */
    boolean hasUnconfirmed() {
        return sources.values().stream().anyMatch(source -> source.confirmed != source.position);
    }

    /** What is to be noted before the records just read are given out. */
    List<Position> read() {
        return sources.values().stream().filter(source -> source.next != source.noted).map(source -> source.at(
                source.next)).toList();
    }

    /** Where reading began in partitions that were granted without a position. */
    List<Position> starts() {
        return sources.values().stream().filter(source -> source.noted == Source.UNKNOWN && source.hasPosition()).map(
                source -> source.at(source.position)).toList();
    }

    /** The records just read are given out. */
    void givenOut() {
        sources.values().forEach(source -> {
            source.position = source.next;
            source.noted = source.next;
        });
    }

    /** The records just read are not given out. */
    void forgetRead() {
        sources.values().forEach(source -> source.next = source.position);
    }

    record Change(List<TopicPartition> assigned, List<TopicPartition> revoked) {
        boolean isNone() {
            return assigned.isEmpty() && revoked.isEmpty();
        }
    }

    /** One partition. */
    static final class Source {
        private static final long UNKNOWN = -1;

        private final TopicPartition partition;
        private final String topicId;
        /** Next offset after what the client was given. */
        private long position;
        /** Next offset after what was read. */
        private long next;
        /** What the coordinator has. */
        private long noted;
        /** The position when this time began. */
        private long earlier;
        /** The position when the time before began. */
        private long confirmed;
        private long highWatermark = UNKNOWN;
        private long notBeforeNanos;
        private boolean paused;

        private Source(TopicPartition partition, Granted granted) {
            this.partition = partition;
            this.topicId = granted.topicId();
            moveTo(granted.position() == null ? UNKNOWN : granted.position());
        }

        /** Another position than the stream's own is one that the client has sought. */
        private void regrant(Granted granted) {
            if (granted.position() != null && granted.position() != position) {
                moveTo(granted.position());
                highWatermark = UNKNOWN;
            }
        }

        private void moveTo(long offset) {
            position = offset;
            next = offset;
            noted = offset;
            earlier = offset;
            confirmed = offset;
        }

        TopicPartition partition() {
            return partition;
        }

        String topicId() {
            return topicId;
        }

        boolean hasPosition() {
            return position != UNKNOWN;
        }

        /** Where to read on. */
        long next() {
            return next;
        }

        /** Begins where {@code from} says, which the coordinator has yet to hear. */
        void beginAt(long offset) {
            position = offset;
            next = offset;
        }

        /** Records up to here were read, or are no longer there. */
        void readTo(long offset) {
            next = offset;
        }

        void endsAt(long offset) {
            highWatermark = offset;
        }

        boolean isAtEnd() {
            return highWatermark != UNKNOWN && next >= highWatermark;
        }

        /** It cannot be read; it is left alone for a while. */
        void pauseUntil(long nanos) {
            paused = true;
            notBeforeNanos = nanos;
        }

        boolean isPaused(long nowNanos) {
            paused = paused && notBeforeNanos - nowNanos > 0;
            return paused;
        }

        private Position at(long offset) {
            return new Position(partition.topic(), partition.partition(), offset);
        }
    }
}
