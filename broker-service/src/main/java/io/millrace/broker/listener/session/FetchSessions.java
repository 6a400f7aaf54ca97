package io.millrace.broker.listener.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
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
                    ? new FetchContext.Sessionless(NamedOnce.of(fetch.topics()))
                    : new FetchContext.Full(this, NamedOnce.of(fetch.topics()), topicIds);
        }
        FetchSession session = sessions.get(fetch.sessionId());
        return session == null ? new FetchContext.Refused(Errors.FETCH_SESSION_ID_NOT_FOUND)
                : next(session, fetch, topicIds);
    }

    private FetchContext next(FetchSession session, FetchRequestData fetch, boolean topicIds) {
        synchronized (session) {
            int before = session.size();
            FetchContext context = session.next(fetch, topicIds, limits.maxPartitions() - partitions.get(), nanoClock
                    .getAsLong());
            if (sessions.get(session.id()) == session) {
                partitions.addAndGet(session.size() - before);
            }
            if (context instanceof FetchContext.Sessionless || context.equals(FetchSession.NO_ROOM)) {
                end(session);
            }
            return context;
        }
    }

    /** Begins a session with what was asked for and is answered, if there is room. */
    FetchResponseData begun(List<FetchTopic> topics, boolean topicIds, FetchResponseData read) {
        FetchSession session = create(topics, topicIds);
        return session == null ? read : session.first(read);
    }

    private synchronized @Nullable FetchSession create(List<FetchTopic> topics, boolean topicIds) {
        long nowNanos = nanoClock.getAsLong();
        int id = random.nextInt(1, Integer.MAX_VALUE);
        while (sessions.containsKey(id)) {
            id = random.nextInt(1, Integer.MAX_VALUE);
        }
        FetchSession session = new FetchSession(id, topicIds, topics, nowNanos);
        if (!makeRoom(session.size(), nowNanos)) {
            return null;
        }
        partitions.addAndGet(session.size());
        sessions.put(id, session);
        return session;
    }

    /** Ends what must go for a session of so many partitions, or nothing if that would not do. */
    private boolean makeRoom(int wantedPartitions, long nowNanos) {
        int excessSessions = sessions.size() + 1 - limits.maxSessions();
        long excessPartitions = (long) partitions.get() + wantedPartitions - limits.maxPartitions();
        if (excessSessions <= 0 && excessPartitions <= 0) {
            return true;
        }
        List<FetchSession> going = new ArrayList<>();
        for (FetchSession session : evictable(wantedPartitions, nowNanos)) {
            going.add(session);
            excessSessions--;
            excessPartitions -= session.size();
            if (excessSessions <= 0 && excessPartitions <= 0) {
                going.forEach(this::end);
                return true;
            }
        }
        return false;
    }

    /** First what was not used for long, the oldest before others, then what has fewer partitions and was used long enough, the smallest first. */
    private List<FetchSession> evictable(int wantedPartitions, long nowNanos) {
        long evictionNanos = limits.evictionTime().toNanos();
        List<FetchSession> idle = new ArrayList<>();
        List<FetchSession> smaller = new ArrayList<>();
        for (FetchSession session : sessions.values()) {
            if (nowNanos - session.usedNanos() > evictionNanos) {
                idle.add(session);
            } else if (nowNanos - session.createdNanos() > evictionNanos && session.size() < wantedPartitions) {
                smaller.add(session);
            }
        }
        // Neither may change while it is sorted by it.
        Map<FetchSession, Long> unusedNanos = new HashMap<>();
        idle.forEach(session -> unusedNanos.put(session, nowNanos - session.usedNanos()));
        idle.sort(Comparator.comparing(unusedNanos::get, Comparator.reverseOrder()));
        Map<FetchSession, Integer> sizes = new HashMap<>();
        smaller.forEach(session -> sizes.put(session, session.size()));
        smaller.sort(Comparator.comparing(sizes::get));
        idle.addAll(smaller);
        return idle;
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
