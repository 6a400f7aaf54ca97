package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.PartitionHash;
import io.millrace.common.record.RecordBatchWriter;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.producer.BrokerLane.Flight;
import io.millrace.gateway.producer.Delivery.LossListener;
import io.millrace.gateway.producer.KeyedRequest.KeyedBatch;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends records to the leaders of their partitions. A request's thread routes its records, copies them into the partitions' batches and
 * sends what may be sent at once; what gathers meanwhile is sent by the answer to what is under way.
 */
public final class Producer implements AutoCloseable, CountedMemory {
    /** What a batch of its own takes besides its records: a buffer, which is not shared with others, and a queue. */
    private static final long KEYED_BATCH_BYTES = 5 * 1024;

    private static final long DOUBT_CHECK_NANOS = 2_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(Producer.class);
    /** Of batches that have one already. */
    private static final ProducerId OF_THE_KEY = new ProducerId(RecordBatchWriter.NO_PRODUCER_ID, (short) -1);

    private final ClusterImages images;
    private final Leaders leaders;
    private final BrokerClient client;
    private final ProducerProperties properties;
    private final RandomGenerator random;
    private final Identities ids;
    private final MemoryBudget budget;
    private final BatchBuffers buffers;
    private final Map<Uuid, TopicQueues> topics = new ConcurrentHashMap<>();
    private final Map<BrokerEndpoint, BrokerLane> lanes = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform()
            .daemon().name("producer-retry").factory());
    private final LongAdder recordsAccepted = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final RefusedRecords refused = new RefusedRecords();
    /** The shutdown's grace is over. */
    private volatile boolean restsNoMore;
    private volatile boolean closing;

    public Producer(ClusterImages images, Leaders leaders, BrokerClient client, ProducerProperties properties,
            RandomGenerator random) {
        this(images, leaders, client, properties, random, new ProducerIds(images, client, properties.requestTimeout(),
                random));
    }

    Producer(ClusterImages images, Leaders leaders, BrokerClient client, ProducerProperties properties,
            RandomGenerator random, Identities ids) {
        this.images = images;
        this.leaders = leaders;
        this.client = client;
        this.properties = properties;
        this.random = random;
        this.ids = ids;
        this.budget = new MemoryBudget(properties.bufferMemory().toBytes());
        this.buffers = new BatchBuffers(properties.pooledMemory().toBytes());
        images.subscribe(this::imageChanged);
    }

    /**
     * Takes a request's records; they are copied when this returns.
     *
     * @param nowMs the time of records that name none
     * @return what becomes of them; refused alone, and there already: {@code RECORD_TOO_LARGE}, {@code UNKNOWN_PARTITION},
     *         {@code INVALID_RECORD}
     * @throws RefusedException with {@code QUEUE_FULL}: none was taken
     */
    public Delivery send(TopicImage topic, RecordSlices records, long nowMs) {
        return send(topic, records, nowMs, null);
    }

    /**
     * As {@link #send(TopicImage, RecordSlices, long)}, for who will not wait.
     *
     * @param losses told of records that fail later, from any thread and under locks; it must not wait
     */
    public Delivery send(TopicImage topic, RecordSlices records, long nowMs, @Nullable LossListener losses) {
        Delivery delivery = begin(records, 0, losses);
        TopicQueues queues = queuesOf(topic);
        TopicLimits limits = queues.limits(topic);
        if (records.count() == 1) {
            if (route(topic, queues, limits, records, 0, delivery, nowMs)) {
                BrokerLane lane = append(topic, queues, limits, delivery.partition(0), delivery, records, 0, nowMs);
                if (lane != null) {
                    lane.drain();
                }
            }
        } else {
            sendMany(topic, queues, limits, records, delivery, nowMs);
        }
        recordsAccepted.add(records.count());
        delivery.handedOver();
        return delivery;
    }

    /**
     * Takes a request's records under its key: however often the same request comes, through whichever gateway and whoever leads, it is stored
     * once, and answered with its first offsets. So it is taken whole or not at all; its records without key are of one partition, which the
     * request's key chooses; and its order beside other requests that are not answered yet is not kept.
     *
     * @param losses as of {@link #send(TopicImage, RecordSlices, long, LossListener)}; null for who waits
     * @return what becomes of the records; among it {@code KEY_REUSED}: their partition has another request's records under the key
     * @throws RefusedException none was taken; besides {@code QUEUE_FULL}: {@code RECORD_TOO_LARGE} if a partition's records are more than a
     *                          batch may have, and what {@code send} refuses of single records. But for unknown partitions the leaders have
     *                          said so, who know what was stored before the topic's limits, or the time, forbade it: that is waited for
     */
    public Delivery sendOnce(TopicImage topic, RecordSlices records, RequestKey key, long nowMs,
            @Nullable LossListener losses) {
        int mostBatches = Math.min(records.count(), topic.partitions().size());
        Delivery delivery = begin(records, mostBatches * KEYED_BATCH_BYTES, losses);
        TopicQueues queues = queuesOf(topic);
        List<KeyedBatch> batches;
        try {
            batches = new KeyedRequest(records, key, topic.partitions().size(), queues.limits(topic), delivery, nowMs)
                    .batches(buffers, nowNanos() + properties.deliveryTimeout().toNanos());
        } catch (RefusedException refusal) {
            refused.add(refusal.code(), records.count());
            delivery.abandon();
            throw refusal;
        }
        List<KeyedBatch> doubtful = batches.stream().filter(batch -> batch.doubt() != null).toList();
        List<KeyedBatch> others = batches;
        if (!doubtful.isEmpty()) {
            others = batches.stream().filter(batch -> batch.doubt() == null).toList();
            sendSingles(topic, queues, doubtful);
            ErrorCode error = awaitDoubtful(delivery, doubtful, others);
            if (error != null) {
                others.forEach(batch -> batch.batch().failed(error, buffers));
                delivery.handedOver();
                doubtful.stream().map(KeyedBatch::doubt).filter(doubt -> doubt != null && doubt.code() == error)
                        .findFirst().ifPresent(doubt -> {
                            throw doubt;
                        });
                return delivery;
            }
        }
        sendSingles(topic, queues, others);
        recordsAccepted.add(records.count());
        delivery.handedOver();
        return delivery;
    }

    /**
     * Waits for what leaders say of batches that they take only if they have them already.
     *
     * @return why the request is not stored; null if all that was asked about is
     */
    private @Nullable ErrorCode awaitDoubtful(Delivery delivery, List<KeyedBatch> doubtful, List<KeyedBatch> others) {
        int othersRecords = others.stream().mapToInt(batch -> batch.batch().count()).sum();
        long deadline = nowNanos() + properties.answerTimeout().toNanos();
        while (delivery.openRecords() > othersRecords) {
            LockSupport.parkNanos(delivery, DOUBT_CHECK_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                return ErrorCode.UNAVAILABLE;
            }
            if (nowNanos() - deadline >= 0) {
                return ErrorCode.TIMED_OUT;
            }
        }
        for (KeyedBatch batch : doubtful) {
            ErrorCode error = delivery.knownError(batch.firstRecord());
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    private void sendSingles(TopicImage topic, TopicQueues queues, List<KeyedBatch> batches) {
        Set<BrokerLane> touched = new LinkedHashSet<>();
        for (KeyedBatch batch : batches) {
            PartitionQueue queue = queues.single(topic, batch.partition());
            queue.carry(batch.batch());
            BrokerLane lane = dispatch(queue);
            if (lane != null) {
                touched.add(lane);
            }
        }
        touched.forEach(BrokerLane::drain);
    }

    /** Whether the records would be taken now, as far as memory goes. */
    public boolean hasRoomFor(RecordSlices records) {
        return budget.usedBytes() + sizeUpperBound(records) <= budget.limitBytes();
    }

    private static long sizeUpperBound(RecordSlices records) {
        long bytes = 0;
        for (int i = 0; i < records.count(); i++) {
            bytes += records.sizeUpperBound(i);
        }
        return bytes;
    }

    /** Reserves memory for the records, and for so much besides. */
    private Delivery begin(RecordSlices records, long besidesBytes, @Nullable LossListener losses) {
        long bytes = sizeUpperBound(records) + besidesBytes;
        if (closing) {
            refused.add(ErrorCode.UNAVAILABLE, records.count());
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again");
        }
        if (!budget.tryReserve(bytes)) {
            refused.add(ErrorCode.QUEUE_FULL, records.count());
            throw new RefusedException(ErrorCode.QUEUE_FULL, "more than " + budget.limitBytes() / 1024
                    + " KiB of records wait for their brokers; try again later");
        }
        return new Delivery(records.count(), budget, bytes, refused, losses);
    }

    private TopicQueues queuesOf(TopicImage topic) {
        return topics.computeIfAbsent(topic.id(), _ -> new TopicQueues(topic, buffers, properties));
    }

    private void sendMany(TopicImage topic, TopicQueues queues, TopicLimits limits, RecordSlices records,
            Delivery delivery, long nowMs) {
        int partitions = topic.partitions().size();
        // First and last record of each partition's chain, plus one: zero is none.
        int[] first = new int[partitions];
        int[] last = new int[partitions];
        for (int i = 0; i < records.count(); i++) {
            if (route(topic, queues, limits, records, i, delivery, nowMs)) {
                int partition = delivery.partition(i);
                if (first[partition] == 0) {
                    first[partition] = i + 1;
                } else {
                    delivery.link(last[partition] - 1, i);
                }
                last[partition] = i + 1;
            }
        }
        List<BrokerLane> touched = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            if (first[partition] != 0) {
                BrokerLane lane = append(topic, queues, limits, partition, delivery, records, first[partition] - 1,
                        nowMs);
                if (lane != null && !touched.contains(lane)) {
                    touched.add(lane);
                }
            }
        }
        touched.forEach(BrokerLane::drain);
    }

    /** Chooses a record's partition. @return false when it is refused instead */
    private boolean route(TopicImage topic, TopicQueues queues, TopicLimits limits, RecordSlices records, int record,
            Delivery delivery,
            long nowMs) {
        int partitions = topic.partitions().size();
        int partition = records.chosenPartition(record);
        if (partition == RecordSlices.ANY_PARTITION) {
            partition = records.keyLength(record) >= 0
                    ? PartitionHash.partitionOf(records.bytes(), records.keyStart(record), records.keyLength(record),
                            partitions)
                    : queues.stickyPartition(topic, records.sizeUpperBound(record), images.current(), random);
        }
        delivery.route(record, partition);
        ErrorCode refusal = partition >= partitions ? ErrorCode.UNKNOWN_PARTITION
                : limits.refusal(records, record, nowMs);
        if (refusal != null) {
            delivery.refuse(record, refusal);
            return false;
        }
        return true;
    }

    /** @return the lane to drain, if this made the partition ready there */
    private @Nullable BrokerLane append(TopicImage topic, TopicQueues queues, TopicLimits limits, int partition,
            Delivery delivery,
            RecordSlices records, int firstRecord, long nowMs) {
        PartitionQueue queue = queues.queue(topic, partition);
        int limitBytes = (int) Math.min(properties.batchSize().toBytes(), limits.maxBatchBytes());
        return queue.append(delivery, records, firstRecord, nowMs, limitBytes, nowNanos()) ? dispatch(queue) : null;
    }

    /** Brings a held queue to its leader's lane, or has it rest. @return the lane to drain */
    private @Nullable BrokerLane dispatch(PartitionQueue queue) {
        try {
            return bring(queue);
        } catch (RuntimeException e) {
            recover(queue, e);
            return null;
        }
    }

    private @Nullable BrokerLane bring(PartitionQueue queue) {
        while (true) {
            ClusterImage image = images.current();
            TopicImage topic = image.topic(queue.topicId());
            if (topic == null) {
                queue.close(ErrorCode.UNKNOWN_TOPIC);
                topics.remove(queue.topicId());
                return null;
            }
            PartitionImage partition = topic.partition(queue.partition());
            BrokerEndpoint leader = partition == null ? null : leaders.leader(image, topic, partition);
            int partitionEpoch = partition == null ? 0 : partition.partitionEpoch();
            BrokerLane lane = null;
            if (leader == null || identity(queue) == null) {
                alarm(queue, queue.rest(leader, partitionEpoch, nowNanos()));
            } else if (queue.ready(leader, partition.leaderEpoch(), partitionEpoch)) {
                lane = lane(leader);
                lane.add(queue);
            }
            // A change that came meanwhile was told to nobody: whoever holds a queue looks by himself.
            if (images.current() == image || !hasMoved(queue)) {
                return lane;
            }
        }
    }

    private BrokerLane lane(BrokerEndpoint leader) {
        BrokerLane lane = lanes.get(leader);
        return lane != null ? lane
                : lanes.computeIfAbsent(leader, endpoint -> new BrokerLane(endpoint, client, properties, this));
    }

    /** Holds the queue if the image has another leader, or another state of the partition, than it was sent to or rests for. */
    private boolean hasMoved(PartitionQueue queue) {
        ClusterImage image = images.current();
        TopicImage topic = image.topic(queue.topicId());
        PartitionImage partition = topic == null ? null : topic.partition(queue.partition());
        return topic != null && partition != null && queue.moved(leaders.leader(image, topic, partition), partition
                .partitionEpoch());
    }

    @Nullable
    ProducerId identity(PartitionQueue queue) {
        return queue.isSingle() ? OF_THE_KEY : ids.current(queue.exhaustedProducerId());
    }

    /** Something went wrong with a queue that nobody can foresee: it must not be the end of it, nor of others'. */
    void recover(PartitionQueue queue, RuntimeException fault) {
        LOG.error("Sending to {}-{} failed; it is tried again", queue.topic(), queue.partition(), fault);
        alarm(queue, queue.restAfterFault(nowNanos()));
    }

    /** The same with what a broker told of a batch: it is sent again. */
    void recover(Flight flight, RuntimeException fault) {
        flight.queue().retry(flight, true);
        recover(flight.queue(), fault);
    }

    /** Nobody knows what became of the flight's batch. */
    void retryUnanswered(Flight flight) {
        try {
            retry(flight, true);
        } catch (RuntimeException e) {
            recover(flight.queue(), e);
        }
    }

    /** The flight's batch was not taken, or nobody knows. */
    void retry(Flight flight, boolean uncertain) {
        if (flight.queue().retry(flight, uncertain)) {
            retryLater(flight.queue());
        }
    }

    /**
     * The flight's batch does not follow, its leader says, what it stored last. A leader that was deposed since may not know what its
     * successor stored of it, so it is believed only if it leads still; then it is sent again under a new epoch.
     */
    void retryOutOfOrder(Flight flight) {
        PartitionQueue queue = flight.queue();
        if (!leadsStill(flight)) {
            retry(flight, true);
        } else if (queue.retryWithNewIdentity(flight)) {
            retryLater(queue);
        }
    }

    /** Whether who answered leads the partition still, in the same epoch, as far as is known. */
    boolean leadsStill(Flight flight) {
        ClusterImage image = images.current();
        TopicImage topic = image.topic(flight.queue().topicId());
        PartitionImage partition = topic == null ? null : topic.partition(flight.queue().partition());
        return topic != null && partition != null && partition.leaderEpoch() == flight.leaderEpoch()
                && leaders.leader(image, topic, partition) != null;
    }

    /** Has a held queue rest for a while, or brings it to the leader that the image names by now. */
    void retryLater(PartitionQueue queue) {
        alarm(queue, queue.rest(nowNanos()));
        if (hasMoved(queue)) {
            dispatchAndDrain(queue);
        }
    }

    private void alarm(PartitionQueue queue, PartitionQueue.@Nullable Rest rest) {
        if (rest == null) {
            return;
        }
        retries.increment();
        if (restsNoMore) {
            queue.giveUpResting();
            return;
        }
        try {
            timer.schedule(() -> wake(queue, rest), rest.delayNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException _) {
            queue.close(ErrorCode.UNAVAILABLE);
        }
    }

    private void wake(PartitionQueue queue, PartitionQueue.Rest rest) {
        try {
            if (queue.wake(rest)) {
                dispatchAndDrain(queue);
            }
        } catch (RuntimeException e) {
            recover(queue, e);
        }
    }

    private void dispatchAndDrain(PartitionQueue queue) {
        BrokerLane lane = dispatch(queue);
        if (lane != null) {
            lane.drain();
        }
    }

    void sendFailed(BrokerEndpoint broker, @Nullable Throwable failure) {
        LOG.debug("{} did not answer a produce request; it is sent again", broker, failure);
    }

    void refusedUnexpectedly(PartitionQueue queue, Errors error) {
        LOG.warn("The leader of {}-{} refused records: {}", queue.topic(), queue.partition(), error);
    }

    long nowNanos() {
        return System.nanoTime();
    }

    private void imageChanged(ClusterImage previous, ClusterImage current) {
        boolean sameBrokers = previous.brokers().equals(current.brokers());
        Set<BrokerLane> touched = new LinkedHashSet<>();
        for (Uuid topicId : topics.keySet()) {
            TopicImage topic = current.topic(topicId);
            if (topic == null) {
                forget(topicId, previous);
            } else if (!sameBrokers || topic != previous.topic(topicId)) {
                follow(topicId, touched);
            }
        }
        touched.forEach(BrokerLane::drain);
        if (previous.brokers().isEmpty() && !current.brokers().isEmpty()) {
            ids.ask();
        }
    }

    private void forget(Uuid topicId, ClusterImage previous) {
        if (previous.topic(topicId) != null) {
            TopicQueues queues = topics.remove(topicId);
            if (queues != null) {
                queues.close(ErrorCode.UNKNOWN_TOPIC);
            }
        }
    }

    /** Sends what was on its way to former leaders to the present ones. */
    private void follow(Uuid topicId, Set<BrokerLane> touched) {
        TopicQueues queues = topics.get(topicId);
        if (queues == null) {
            return;
        }
        for (PartitionQueue queue : queues.all()) {
            try {
                BrokerLane lane = hasMoved(queue) ? dispatch(queue) : null;
                if (lane != null) {
                    touched.add(lane);
                }
            } catch (RuntimeException e) {
                LOG.error("Whether {}-{} is to be sent elsewhere cannot be told", queue.topic(), queue.partition(), e);
            }
        }
    }

    /** Bytes of records that wait for their leaders or their answers. */
    public long bufferedBytes() {
        return budget.usedBytes();
    }

    @Override
    public String kind() {
        return "producer";
    }

    @Override
    public MemoryBudget budget() {
        return budget;
    }

    /** Records taken since the start. */
    public long recordsAccepted() {
        return recordsAccepted.sum();
    }

    /** Records that were refused for the given reason since the start, whether or not somebody waited for their answer. */
    public long recordsRefused(ErrorCode error) {
        return refused.count(error);
    }

    /** Times that a partition's batches were sent again or waited for a leader. */
    public long retries() {
        return retries.sum();
    }

    /**
     * The gateway's shutdown has begun: what rests for want of a leader may go on doing so for a grace and is then refused, so that its
     * clients go elsewhere. What is in flight is not touched, and sent no more if it fails.
     */
    public void beginShutdown() {
        try {
            timer.schedule(this::restNoMore, properties.shutdownGrace().toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException _) {
            restNoMore();
        }
    }

    /** A queue that comes to rest meanwhile sees the flag or is seen here. */
    private void restNoMore() {
        restsNoMore = true;
        topics.values().forEach(queues -> queues.all().forEach(PartitionQueue::giveUpResting));
    }

    /** Refuses new records and waits for those taken, up to the drain time-out; the rest is failed. */
    @Override
    public void close() {
        closing = true;
        long deadline = nowNanos() + properties.drainTimeout().toNanos();
        while (budget.usedBytes() > 0 && nowNanos() < deadline) {
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        timer.shutdownNow();
        topics.values().forEach(queues -> queues.close(ErrorCode.UNAVAILABLE));
    }
}
