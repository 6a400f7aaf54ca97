package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.events.EventIds.Decoded;
import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.memory.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Feeds and streams over a made-up log, in thousands of interleavings: appends with holes, readers that start late and move to another
 * gateway, rings that hold next to nothing, slow readers, retention, logs cut back by a leader that had less, and connections cut at any
 * byte and resumed by their last id. Each client must see each record of each partition once and in order, or be told of the gap.
 */
class StreamSimulationTest {
    private static final int STEPS = 1500;

    @ParameterizedTest
    @ValueSource(longs = {1, 20_000, 40_000, 60_000})
    void every_client_sees_every_record_once_and_in_order(long firstSeed) throws IOException {
        for (long seed = firstSeed; seed < firstSeed + 150; seed++) {
            var world = new World(seed);
            for (int step = 0; step < STEPS; step++) {
                world.step();
            }
            world.settle();
            world.check();
        }
    }

    private static final class World {
        final long seed;
        final Random random;
        final List<Log> logs = new ArrayList<>();
        final Subscription subscription;
        final long ringBytes;
        final List<Client> clients = new ArrayList<>();
        FeedRing feed;
        long[] tails;
        int truncations;

        World(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            int partitions = 1 + random.nextInt(4);
            for (int p = 0; p < partitions; p++) {
                logs.add(new Log());
            }
            subscription = new Subscription(
                    List.of(new SubscribedTopic("t", new Uuid(1, 1), true, IntStream.range(0, partitions).boxed()
                            .toList())));
            ringBytes = random.nextBoolean() ? 300 : 5_000;
            openFeed();
        }

        void openFeed() {
            feed = new FeedRing(subscription, ringBytes, new MemoryBudget(random.nextBoolean() ? 500 : 1 << 20));
            tails = new long[logs.size()];
            Arrays.fill(tails, FeedRing.UNKNOWN);
        }

        void step() throws IOException {
            int p = random.nextInt(logs.size());
            switch (random.nextInt(13)) {
                case 0, 1, 2 -> logs.get(p).append(random.nextInt(6), random);
                case 3, 4, 5 -> readTail(p);
                case 6 -> {
                    if (clients.size() < 5) {
                        clients.add(new Client(random.nextBoolean()));
                    }
                }
                case 7 -> {
                    if (random.nextInt(10) == 0) {
                        logs.get(p).retain(random);
                    }
                }
                case 8 -> {
                    if (random.nextInt(100) == 0) {
                        // The gateway ends, and all its streams with it; another takes them.
                        openFeed();
                        for (var client : clients) {
                            client.cut(client.unread());
                        }
                    }
                }
                case 9 -> {
                    if (random.nextInt(20) == 0) {
                        truncate(p);
                    }
                }
                default -> {
                    if (!clients.isEmpty()) {
                        clients.get(random.nextInt(clients.size())).step();
                    }
                }
            }
        }

        void readTail(int p) {
            var source = logs.get(p);
            if (tails[p] == FeedRing.UNKNOWN) {
                tails[p] = source.end;
                feed.startAt(p, tails[p]);
            } else if (tails[p] < source.start) {
                tails[p] = source.start;
                feed.startAt(p, tails[p]);
            } else if (tails[p] < source.end) {
                var run = source.read(tails[p], 1 + random.nextInt(5));
                feed.append(p, run);
                tails[p] = run.to();
            }
        }

        /** The feed learns it before the log has grown beyond the feed again: later, nobody could. */
        void truncate(int p) throws IOException {
            var source = logs.get(p);
            if (tails[p] == FeedRing.UNKNOWN || tails[p] <= source.start) {
                return;
            }
            source.truncate(source.start + random.nextLong(tails[p] - source.start));
            tails[p] = source.end;
            feed.moveBack(p, tails[p]);
            truncations++;
            for (var client : clients) {
                if (client.truncationsTold == truncations - 1 && random.nextInt(3) == 0) {
                    client.reconnect(random.nextInt(client.unread() + 1));
                }
            }
        }

        void settle() throws IOException {
            for (int p = 0; p < logs.size(); p++) {
                while (tails[p] == FeedRing.UNKNOWN || tails[p] < logs.get(p).end) {
                    readTail(p);
                }
            }
            for (var client : clients) {
                client.finish();
            }
        }

        void check() {
            for (var client : clients) {
                for (int p = 0; p < logs.size(); p++) {
                    var expected = new TreeMap<>(logs.get(p).everything.tailMap(client.lowest[p]));
                    expected.keySet().removeAll(client.lost.get(p));
                    assertThat(client.seen.get(p)).as("seed %d partition %d", seed, p).isEqualTo(expected);
                }
            }
        }

        /** One client with as many connections in a row as it needs. */
        final class Client {
            final long[] begin = new long[logs.size()];
            final long[] lowest;
            final List<TreeMap<Long, Integer>> seen = new ArrayList<>();
            final List<TreeSet<Long>> lost = new ArrayList<>();
            ByteArrayOutputStream wire = new ByteArrayOutputStream();
            SseParser parser = new SseParser("");
            int read;
            StreamCursor cursor;
            int turn;
            int truncationsTold = truncations;

            Client(boolean fromEarliest) throws IOException {
                for (int p = 0; p < begin.length; p++) {
                    begin[p] = fromEarliest ? logs.get(p).start : logs.get(p).end;
                    seen.add(new TreeMap<>());
                    lost.add(new TreeSet<>());
                }
                lowest = begin.clone();
                connect(begin.clone());
            }

            void connect(long[] positions) throws IOException {
                wire = new ByteArrayOutputStream();
                read = 0;
                cursor = new StreamCursor(subscription, positions, feed.join(), (bytes, length) -> wire.write(bytes, 0,
                        length));
                cursor.writeId();
                for (int p = 0; p < begin.length; p++) {
                    if (cursor.isDoubtful(p)) {
                        fetch(p);
                    }
                }
            }

            void step() throws IOException {
                switch (random.nextInt(10)) {
                    case 0 -> {
                        if (random.nextInt(5) == 0) {
                            cut(random.nextInt(unread() + 1));
                        }
                    }
                    case 1, 2, 3, 4, 5 -> cursor.advance();
                    case 6 -> {
                        if (cursor.isUnnamed() && random.nextBoolean()) {
                            cursor.writeId();
                        }
                        cursor.drain();
                    }
                    default -> fetchBehind();
                }
            }

            int unread() {
                return wire.size() - read;
            }

            void fetchBehind() throws IOException {
                int p = cursor.nextBehind(turn);
                if (p < 0) {
                    return;
                }
                turn = p;
                fetch(p);
            }

            void fetch(int p) throws IOException {
                var source = logs.get(p);
                long position = cursor.position(p);
                if (position < source.start) {
                    cursor.lose(p, position, source.start);
                } else if (position > source.end) {
                    cursor.lose(p, position, source.end);
                } else if (position == source.end) {
                    cursor.confirm(p);
                } else {
                    cursor.confirm(p);
                    // Brokers give more than the stream needs to reach its feed.
                    cursor.fetched(p, source.read(position, 1 + random.nextInt(30)));
                }
            }

            /** The connection breaks after so many more bytes have come through; the client comes back with its last id. */
            void cut(int through) throws IOException {
                if (truncationsTold < truncations) {
                    // An id of before is good for nothing once the log has grown beyond it again.
                    learn();
                    reconnect(unread());
                } else {
                    reconnect(through);
                }
            }

            void learn() throws IOException {
                boolean more = true;
                while (more) {
                    more = cursor.advance();
                }
                cursor.drain();
                truncationsTold = truncations;
            }

            void reconnect(int through) throws IOException {
                read(through);
                var again = new SseParser(parser.lastEventId());
                again.events().addAll(parser.events());
                parser = again;
                var id = parser.lastEventId();
                connect(id.isEmpty() ? begin.clone()
                        : ((Decoded.Positions) new EventIds(subscription).decode(id)).positions());
            }

            void read(int bytes) {
                parser.feed(wire.toByteArray(), read, bytes);
                read += bytes;
            }

            void finish() throws IOException {
                while (!cursor.isAtTail()) {
                    cursor.advance();
                    fetchBehind();
                }
                cursor.drain();
                read(unread());
                for (var event : parser.events()) {
                    if (event.type().equals("record")) {
                        var parts = event.data().split("@");
                        note(Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Integer.parseInt(parts[2]));
                    } else if (event.type().equals("gap")) {
                        noteGap(event.data());
                    }
                }
            }

            private void note(int p, long offset, int version) {
                assertThat(seen.get(p).tailMap(offset)).as("seed %d partition %d: twice, or late", seed, p).isEmpty();
                seen.get(p).put(offset, version);
            }

            private void noteGap(String data) {
                var numbers = data.replaceAll("\"topic\":\"t\"", "").replaceAll("[^0-9]+", " ").trim().split(" ");
                int p = Integer.parseInt(numbers[0]);
                long requested = Long.parseLong(numbers[1]);
                long available = Long.parseLong(numbers[2]);
                for (long offset = requested; offset < available; offset++) {
                    lost.get(p).add(offset);
                }
                if (available < requested) {
                    seen.get(p).tailMap(available).clear();
                    lost.get(p).tailSet(available).clear();
                    lowest[p] = Math.min(lowest[p], available);
                }
            }
        }

        final class Log {
            /** Each offset's record, by the number of times that the log had been cut back when it was written. */
            final TreeMap<Long, Integer> everything = new TreeMap<>();
            int version;
            long start;
            long end;

            void append(int count, Random random) {
                for (int i = 0; i < count; i++) {
                    if (random.nextInt(8) > 0) {
                        everything.put(end, version);
                    }
                    end++;
                }
            }

            void truncate(long to) {
                end = to;
                everything.tailMap(to).clear();
                version++;
            }

            void retain(Random random) {
                start += random.nextLong(end - start + 1);
            }

            RenderedRecords read(long from, int span) {
                long to = Math.min(end, from + span);
                var offsets = everything.subMap(from, to).keySet().stream().mapToLong(Long::longValue).toArray();
                var data = new StringBuilder();
                var ends = new int[offsets.length];
                for (int i = 0; i < offsets.length; i++) {
                    data.append("data: ").append(logs.indexOf(this)).append('@').append(offsets[i]).append('@')
                            .append(everything.get(offsets[i])).append("\n\n");
                    ends[i] = data.length();
                }
                return new RenderedRecords(from, to, offsets, ends, data.toString().getBytes(StandardCharsets.UTF_8));
            }
        }
    }
}
