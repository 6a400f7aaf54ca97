package io.millrace.broker.listener.session;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The fetch sessions of a broker (KIP-227), as many as the limits allow.
 *
 * <pre>
 *   request (0, 0)    full, begins a session; (id, 0) ends that one first
 *   request (id, n)   incremental, the n-th of a session
 *   request (id, -1)  full, ends the session; (0, -1) has none
 * </pre>
 */
public final class FetchSessions {
    private static final short TOPIC_ID_VERSION = 13;

    private final SessionLimits limits;
    private final LongSupplier nanoClock;
    private final RandomGenerator random;
    private final Map<Integer, FetchSession> sessions = new ConcurrentHashMap<>();
    private final AtomicInteger partitions = new AtomicInteger();

    public FetchSessions(SessionLimits limits, LongSupplier nanoClock, RandomGenerator random) {
        this.limits = limits;
        this.nanoClock = nanoClock;
        this.random = random;
    }

    /** Sessions kept now. */
    public int count() {
        return sessions.size();
    }

    /** Partitions of all sessions. */
    public int partitionCount() {
        return partitions.get();
    }

    public FetchContext contextOf(FetchRequestData fetch, short version) {
        boolean topicIds = version >= TOPIC_ID_VERSION;
        boolean full = fetch.sessionEpoch() == FetchMetadata.INITIAL_EPOCH || fetch
                .sessionEpoch() == FetchMetadata.FINAL_EPOCH;
        if (full) {
            if (fetch.sessionId() != FetchMetadata.INVALID_SESSION_ID) {
                end(sessions.get(fetch.sessionId()));
            }
            return fetch.sessionEpoch() == FetchMetadata.FINAL_EPOCH || fetch.topics().isEmpty()
                    ? new FetchContext.Sessionless(fetch.topics())
                    : new FetchContext.Full(this, fetch.topics(), topicIds);
        }
        FetchSession session = sessions.get(fetch.sessionId());
        return session == null ? new FetchContext.Refused(Errors.FETCH_SESSION_ID_NOT_FOUND)
                : next(session, fetch, topicIds);
    }

    private FetchContext next(FetchSession session, FetchRequestData fetch, boolean topicIds) {
        synchronized (session) {
            int before = session.size();
            if (partitions.get() + count(fetch.topics()) > limits.maxPartitions() && !fetch.topics().isEmpty()) {
                // Its client begins anew, with a session if there is room for one.
                end(session);
                return new FetchContext.Refused(Errors.FETCH_SESSION_ID_NOT_FOUND);
            }
            FetchContext context = session.next(fetch.sessionEpoch(), topicIds, fetch.topics(), fetch
                    .forgottenTopicsData(), nanoClock.getAsLong());
            if (sessions.get(session.id()) == session) {
                partitions.addAndGet(session.size() - before);
            }
            if (context instanceof FetchContext.Sessionless) {
                end(session);
            }
            return context;
        }
    }

    private static int count(List<FetchTopic> topics) {
        int count = 0;
        for (FetchTopic topic : topics) {
            count += topic.partitions().size();
        }
        return count;
    }

    /** Begins a session with what was asked for and is answered, if there is room. */
    FetchResponseData begun(List<FetchTopic> topics, boolean topicIds, FetchResponseData read) {
        FetchSession session = create(topics, topicIds);
        return session == null ? read : session.first(read);
    }

    private synchronized @Nullable FetchSession create(List<FetchTopic> topics, boolean topicIds) {
        long nowNanos = nanoClock.getAsLong();
        if (partitions.get() + count(topics) > limits.maxPartitions()
                || sessions.size() >= limits.maxSessions() && !evictFor(count(topics), nowNanos)) {
            return null;
        }
        int id = random.nextInt(1, Integer.MAX_VALUE);
        while (sessions.containsKey(id)) {
            id = random.nextInt(1, Integer.MAX_VALUE);
        }
        FetchSession session = new FetchSession(id, topicIds, topics, nowNanos);
        partitions.addAndGet(session.size());
        sessions.put(id, session);
        return session;
    }

    /** Makes room by what was not used for long, or has fewer partitions and was used long enough. */
    private boolean evictFor(int wantedPartitions, long nowNanos) {
        long evictionNanos = limits.evictionTime().toNanos();
        FetchSession oldest = null;
        FetchSession smallest = null;
        for (FetchSession session : sessions.values()) {
            if (oldest == null || session.usedNanos() - oldest.usedNanos() < 0) {
                oldest = session;
            }
            if (nowNanos - session.createdNanos() > evictionNanos && session.size() < wantedPartitions
                    && (smallest == null || session.size() < smallest.size())) {
                smallest = session;
            }
        }
        if (oldest != null && nowNanos - oldest.usedNanos() > evictionNanos) {
            end(oldest);
        } else {
            end(smallest);
        }
        return sessions.size() < limits.maxSessions();
    }

    private void end(@Nullable FetchSession session) {
        if (session != null) {
            synchronized (session) {
                if (sessions.remove(session.id(), session)) {
                    partitions.addAndGet(-session.size());
                }
            }
        }
    }
}
