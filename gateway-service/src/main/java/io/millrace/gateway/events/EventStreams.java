package io.millrace.gateway.events;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.events.EventStream.Loss;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;

/** The subscriptions of clients of their own, each from where it begins, over feeds that they share. */
@Component
final class EventStreams implements CountedMemory {
    private final EventsProperties properties;
    private final LeaderLogs logs;
    private final RecordRendering rendering = new EventRendering();
    private final Feeds feeds;
    private final EventStream.CatchUp catchUp;
    private final MemoryBudget rings;

    EventStreams(EventsProperties properties, ClusterImages images, Topics topics, Brokers brokers,
            MeterRegistry registry, CatchUpMemory catchUpMemory, TailMemory tailMemory) {
        this.properties = properties;
        // A stream has other partitions to serve while one has no leader: it asks once and comes back.
        this.logs = new LeaderLogs(brokers.withPatience(Duration.ZERO).forBackground(), brokers, topics);
        this.rings = new MemoryBudget(properties.ringTotalSize().toBytes());
        this.feeds = new Feeds(logs, rendering, properties.tailLimits(tailMemory.budget()), properties.ringSize()
                .toBytes(), rings,
                images::current);
        this.catchUp = properties.catchUp(catchUpMemory.budget());
        StreamMeters.ofFeeds(registry, feeds);
        images.subscribe((_, _) -> feeds.imageChanged());
    }

    @Override
    public String kind() {
        return "event-rings";
    }

    @Override
    public MemoryBudget budget() {
        return rings;
    }

    /** Refused with {@code LEADER_UNAVAILABLE} when it cannot be known where the stream begins. */
    LiveStream open(StreamRequest request) throws InterruptedException {
        var feed = feeds.acquire(new FeedKey(request.subscription(), request.view()));
        boolean opened = false;
        try {
            var lost = new ArrayList<Loss>();
            long[] positions = begin(request, lost);
            var stream = new TopicStream(request, positions, lost, feed, this::write, () -> feeds.release(feed));
            opened = true;
            return stream;
        } finally {
            if (!opened) {
                feeds.release(feed);
            }
        }
    }

    private EventStream write(Feed feed, long[] positions, ClientLine client) {
        return new EventStream(feed, positions, logs, rendering, properties.streamLimits(), catchUp, client);
    }

    /** Where each partition begins; fills {@code lost} with what is not there any more. */
    private long[] begin(StreamRequest request, List<Loss> lost) throws InterruptedException {
        var partitions = request.subscription().partitions();
        var resume = request.resume();
        if (resume == null) {
            return find(request);
        }
        long[] positions = resume.positions();
        long[] earliest = null;
        for (int p = 0; p < positions.length; p++) {
            if (resume.successor()[p]) {
                earliest = earliest == null ? logs.find(partitions, new StartPosition.Earliest()) : earliest;
                lost.add(new Loss(p, positions[p], earliest[p]));
            }
        }
        return positions;
    }

    private long[] find(StreamRequest request) throws InterruptedException {
        var partitions = request.subscription().partitions();
        if (!(request.start() instanceof StartPosition.Since)) {
            return logs.find(partitions, request.start());
        }
        // The end is read first: what is appended meanwhile is not older than the time, or follows what is not.
        long[] end = logs.find(partitions, new StartPosition.Latest());
        long[] positions = logs.find(partitions, request.start());
        for (int p = 0; p < positions.length; p++) {
            positions[p] = positions[p] < 0 ? end[p] : positions[p];
        }
        return positions;
    }
}
