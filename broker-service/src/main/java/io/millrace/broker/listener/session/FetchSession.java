package io.millrace.broker.listener.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * What one consumer reads, and what it was told of it last. Partitions that had records go behind the others, so that each has its turn where
 * answers are full.
 */
final class FetchSession {
    /** Its client begins anew, with a session if there is room for one. */
    static final FetchContext NO_ROOM = new FetchContext.Refused(Errors.FETCH_SESSION_ID_NOT_FOUND);
    private static final long NEVER_TOLD = -1;

    private final int id;
    private final boolean topicIds;
    private final long createdNanos;
    private final Map<Key, Remembered> partitions = new LinkedHashMap<>();
    private volatile long usedNanos;
    private volatile int size;
    private int epoch = FetchMetadata.nextEpoch(FetchMetadata.INITIAL_EPOCH);

    /** What one partition is to a fetch. */
    record Key(Uuid topicId, String topic, int partition) {
        static Key of(FetchTopic topic, int partition) {
            return new Key(topic.topicId(), topic.topic(), partition);
        }

        static Key of(FetchableTopicResponse topic, int partition) {
            return new Key(topic.topicId(), topic.topic(), partition);
        }
    }

    /** A partition, as it was asked for last; replaced and never changed, since a fetch may be at it. */
    private static final class Remembered {
        private FetchPartition wanted;
        private long highWatermark = NEVER_TOLD;
        private long logStart = NEVER_TOLD;

        Remembered(FetchPartition wanted) {
            this.wanted = wanted;
        }

        /** Takes note of what there is now, and whether the client must hear of it. */
        boolean isNews(PartitionData data) {
            boolean special = data.errorCode() != Errors.NONE.code() || FetchResponse.isDivergingEpoch(data);
            boolean news = special || FetchResponse.recordsSize(data) > 0 || FetchResponse.isPreferredReplica(data)
                    || data.highWatermark() != highWatermark || data.logStartOffset() != logStart;
            // After an error the client is to hear that there is none any more.
            highWatermark = special ? NEVER_TOLD : data.highWatermark();
            logStart = data.logStartOffset();
            return news;
        }
    }

    FetchSession(int id, boolean topicIds, List<FetchTopic> topics, long nowNanos) {
        this.id = id;
        this.topicIds = topicIds;
        this.createdNanos = nowNanos;
        this.usedNanos = nowNanos;
        remember(topics);
    }

    int id() {
        return id;
    }

    /** Partitions. */
    int size() {
        return size;
    }

    long createdNanos() {
        return createdNanos;
    }

    long usedNanos() {
        return usedNanos;
    }

    private void remember(List<FetchTopic> topics) {
        for (FetchTopic topic : topics) {
            for (FetchPartition wanted : topic.partitions()) {
                Remembered known = partitions.get(Key.of(topic, wanted.partition()));
                if (known == null) {
                    partitions.put(Key.of(topic, wanted.partition()), new Remembered(wanted));
                } else {
                    known.wanted = wanted;
                }
            }
        }
        size = partitions.size();
    }

    /**
     * The next fetch: what it asks for anew, otherwise and no more. {@link FetchContext.Sessionless} when nothing is left to be remembered, and
     * {@link #NO_ROOM} when there would be more than there is room for.
     *
     * @param room partitions that may come to those that are known
     */
    synchronized FetchContext next(FetchRequestData fetch, boolean byTopicIds, int room, long nowNanos) {
        if (fetch.sessionEpoch() != epoch) {
            return new FetchContext.Refused(Errors.INVALID_FETCH_SESSION_EPOCH);
        }
        if (byTopicIds != topicIds) {
            return new FetchContext.Refused(Errors.FETCH_SESSION_TOPIC_ID_ERROR);
        }
        List<FetchTopic> topics = fetch.topics();
        List<ForgottenTopic> forgotten = fetch.forgottenTopicsData();
        if (count(topics) > room && growth(topics, forgotten) > Math.max(0, room)) {
            return NO_ROOM;
        }
        remember(topics);
        for (ForgottenTopic topic : forgotten) {
            topic.partitions().forEach(partition -> partitions.remove(new Key(topic.topicId(), topic.topic(),
                    partition)));
        }
        size = partitions.size();
        usedNanos = nowNanos;
        if (partitions.isEmpty()) {
            return new FetchContext.Sessionless(NamedOnce.of(topics));
        }
        epoch = FetchMetadata.nextEpoch(epoch);
        return new FetchContext.Incremental(this, epoch, all());
    }

    private static int count(List<FetchTopic> topics) {
        int count = 0;
        for (FetchTopic topic : topics) {
            count += topic.partitions().size();
        }
        return count;
    }

    /** By how many partitions there would be more. */
    private int growth(List<FetchTopic> topics, List<ForgottenTopic> forgotten) {
        Set<Key> added = new HashSet<>();
        for (FetchTopic topic : topics) {
            topic.partitions().forEach(wanted -> added.add(Key.of(topic, wanted.partition())));
        }
        added.removeIf(partitions::containsKey);
        int leaving = 0;
        Set<Key> gone = new HashSet<>();
        for (ForgottenTopic topic : forgotten) {
            topic.partitions().forEach(partition -> gone.add(new Key(topic.topicId(), topic.topic(), partition)));
        }
        for (Key key : gone) {
            leaving += added.contains(key) || partitions.containsKey(key) ? 1 : 0;
        }
        return added.size() - leaving;
    }

    /** Neighbours of one topic together; a topic may come several times. */
    private List<FetchTopic> all() {
        List<FetchTopic> topics = new ArrayList<>();
        FetchTopic last = null;
        for (Map.Entry<Key, Remembered> entry : partitions.entrySet()) {
            Key key = entry.getKey();
            if (last == null || !key.topicId().equals(last.topicId()) || !key.topic().equals(last.topic())) {
                last = new FetchTopic().setTopicId(key.topicId()).setTopic(key.topic());
                topics.add(last);
            }
            last.partitions().add(entry.getValue().wanted);
        }
        return topics;
    }

    /** Takes note of what the first answer says. */
    synchronized FetchResponseData first(FetchResponseData read) {
        for (FetchableTopicResponse topic : read.responses()) {
            for (PartitionData data : topic.partitions()) {
                Remembered known = partitions.get(Key.of(topic, data.partitionIndex()));
                if (known != null) {
                    known.isNews(data);
                }
            }
        }
        return read.setSessionId(id);
    }

    /** @param expectedEpoch the session's when what was read was asked for */
    synchronized FetchResponseData answer(int expectedEpoch, FetchResponseData read) {
        if (expectedEpoch != epoch) {
            // Its client has gone on to the next fetch, and does not await this one any more.
            return new FetchResponseData().setErrorCode(Errors.INVALID_FETCH_SESSION_EPOCH.code());
        }
        for (Iterator<FetchableTopicResponse> topics = read.responses().iterator(); topics.hasNext();) {
            FetchableTopicResponse topic = topics.next();
            topic.partitions().removeIf(data -> !isNews(Key.of(topic, data.partitionIndex()), data));
            if (topic.partitions().isEmpty()) {
                topics.remove();
            }
        }
        return read.setSessionId(id);
    }

    private boolean isNews(Key key, PartitionData data) {
        Remembered known = partitions.get(key);
        boolean news = known == null || known.isNews(data);
        if (known != null && FetchResponse.recordsSize(data) > 0) {
            partitions.remove(key);
            partitions.put(key, known);
        }
        return news;
    }
}
