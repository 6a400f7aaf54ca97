package io.millrace.gateway.events;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.Shutdown;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.events.EventStream.End;
import io.millrace.gateway.events.EventStream.Loss;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The streams of this gateway. Ends them first of all when the gateway stops, at a whole event each, so that their clients go on
 * elsewhere.
 */
@Component
final class EventStreams {
    private static final Logger log = LoggerFactory.getLogger(EventStreams.class);

    private final EventsProperties properties;
    private final LeaderLogs logs;
    private final RecordRendering rendering = new EventRendering();
    private final Feeds feeds;
    private final EventStream.CatchUp catchUp;
    private final Semaphore room;
    private final Set<EventStream> open = ConcurrentHashMap.newKeySet();
    private final StreamMeters meters;
    private final Shutdown shutdown;

    EventStreams(EventsProperties properties, ClusterImages images, Topics topics, Brokers brokers, Shutdown shutdown,
            MeterRegistry registry) {
        this.properties = properties;
        // A stream has other partitions to serve while one has no leader: it asks once and comes back.
        this.logs = new LeaderLogs(brokers.withPatience(Duration.ZERO).forBackground(), brokers, topics);
        var budget = new RingBudget(properties.ringTotalSize().toBytes());
        this.feeds = new Feeds(logs, rendering, properties.tailLimits(), properties.ringSize().toBytes(), budget);
        this.catchUp = properties.catchUp();
        this.room = new Semaphore(properties.maxStreams());
        this.meters = new StreamMeters(registry, open, feeds, budget);
        this.shutdown = shutdown;
        shutdown.onBegin(() -> open.forEach(EventStream::wake));
        images.subscribe((_, image) -> feeds.imageChanged(image));
    }

    /**
     * Serves one stream until it ends; answers nothing before it is certain that the stream can begin. Refused with {@code QUEUE_FULL},
     * {@code LEADER_UNAVAILABLE}.
     */
    void serve(StreamRequest request, HttpServletResponse response) throws IOException, InterruptedException {
        if (shutdown.hasBegun() || !room.tryAcquire()) {
            throw new RefusedException(ErrorCode.QUEUE_FULL, "this gateway has " + properties.maxStreams()
                    + " streams open already or is shutting down; try again, or at another gateway");
        }
        try {
            var feed = feeds.acquire(new FeedKey(request.subscription(), request.view()));
            try {
                stream(request, feed, response);
            } finally {
                feeds.release(feed);
            }
        } finally {
            room.release();
        }
    }

    private void stream(StreamRequest request, Feed feed, HttpServletResponse response) throws IOException,
            InterruptedException {
        var lost = new ArrayList<Loss>();
        long[] positions = begin(request, lost);
        announce(response);
        var stream = new EventStream(feed, positions, logs, rendering, properties.streamLimits(), catchUp,
                meters.counting(response.getOutputStream()));
        open.add(stream);
        try {
            var end = stream.run(lost, request.patience(), shutdown::hasBegun);
            meters.closed(end);
            if (end == End.TOO_SLOW) {
                log.info("A stream of {} was closed: its client is more than {} behind", request.subscription()
                        .topics(),
                        properties.maxLag());
            }
        } catch (IOException e) {
            meters.left();
            log.debug("The client of a stream left: {}", e.toString());
        } finally {
            open.remove(stream);
            stream.leave();
        }
    }

    /** Sets the headers of a stream. */
    static void announce(HttpServletResponse response) {
        response.setStatus(HttpServletResponse.SC_OK);
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("Cache-Control", "no-store");
        // nginx would gather events before it passes them on.
        response.setHeader("X-Accel-Buffering", "no");
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
