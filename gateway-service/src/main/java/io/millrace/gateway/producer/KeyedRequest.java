package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.PartitionHash;
import io.millrace.common.record.RecordBatchWriter;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request under a key, which may come again: the records of each partition are one batch, in which the same request has the same sequence
 * whenever and through whichever gateway it comes. The batch's producer is the key's; its first sequence is a checksum of the whole request,
 * so that a broker that knows the key tells another request under it from this one.
 */
final class KeyedRequest {
    /**
     * @param partition whose batch it is
     * @param firstRecord of those that are in it
     * @param doubt     why it would be refused by now; null if it would not. It may be stored all the same, by an earlier try: limits change
     */
    record KeyedBatch(int partition, ProduceBatch batch, int firstRecord, @Nullable RefusedException doubt) {}

    private final RecordSlices records;
    private final RequestKey key;
    private final TopicLimits limits;
    private final Delivery delivery;
    private final int partitions;
    private final long nowMs;

    KeyedRequest(RecordSlices records, RequestKey key, int partitions, TopicLimits limits, Delivery delivery,
            long nowMs) {
        this.records = records;
        this.key = key;
        this.partitions = partitions;
        this.limits = limits;
        this.delivery = delivery;
        this.nowMs = nowMs;
    }

    /**
     * Taken whole or not at all: what is refused today might be taken tomorrow, and the batch would be another one.
     *
     * @throws RefusedException if there is no such partition
     */
    List<KeyedBatch> batches(BatchBuffers buffers, long deadlineNanos) {
        int[] first = new int[partitions];
        int[] last = new int[partitions];
        @Nullable
        RefusedException[] doubts = new RefusedException[partitions];
        for (int record = 0; record < records.count(); record++) {
            int partition = partitionOf(record);
            RefusedException refusal = refusal(record, partition);
            if (refusal != null) {
                if (partition >= partitions) {
                    throw refusal;
                }
                doubts[partition] = doubts[partition] == null ? refusal : doubts[partition];
            }
            delivery.route(record, partition);
            if (first[partition] == 0) {
                first[partition] = record + 1;
            } else {
                delivery.link(last[partition] - 1, record);
            }
            last[partition] = record + 1;
        }
        int sequence = records.checksum() & Integer.MAX_VALUE;
        List<KeyedBatch> batches = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            if (first[partition] != 0) {
                ProduceBatch batch = batch(first[partition] - 1, sequence, buffers, deadlineNanos);
                RefusedException doubt = doubts[partition];
                if (doubt == null && batch.sizeBytes() > limits.maxBatchBytes()) {
                    doubt = tooLarge(partition);
                }
                batches.add(new KeyedBatch(partition, batch, first[partition] - 1, doubt));
            }
        }
        return batches;
    }

    private int partitionOf(int record) {
        int chosen = records.chosenPartition(record);
        if (chosen != RecordSlices.ANY_PARTITION) {
            return chosen;
        }
        return records.keyLength(record) < 0 ? key.placement() % partitions
                : PartitionHash.partitionOf(records.bytes(), records.keyStart(record), records.keyLength(record),
                        partitions);
    }

    private @Nullable RefusedException refusal(int record, int partition) {
        ErrorCode refusal = partition >= partitions ? ErrorCode.UNKNOWN_PARTITION
                : limits.refusal(records, record, nowMs);
        return refusal == null ? null
                : new RefusedException(refusal, "records[" + record + "] is refused (" + switch (refusal) {
                    case UNKNOWN_PARTITION -> "there is no partition " + partition;
                    case RECORD_TOO_LARGE -> "it is larger than the topic's max.message.bytes";
                    default -> "a compacted topic needs a key, and a timestamp must be one that the topic takes";
                } + "), and so is the whole request, since it has an Idempotency-Key");
    }

    private RefusedException tooLarge(int partition) {
        return new RefusedException(ErrorCode.RECORD_TOO_LARGE, "with an Idempotency-Key, the records of one "
                + "partition must fit into one batch of the topic's max.message.bytes, " + limits.maxBatchBytes()
                + "; those of partition " + partition + " do not");
    }

    private ProduceBatch batch(int firstRecord, int sequence, BatchBuffers buffers, long deadlineNanos) {
        RecordBatchWriter writer = buffers.take();
        // Whoever reads the log again knows from it how old the key is.
        writer.baseTimestamp(nowMs);
        var batch = new ProduceBatch(writer, deadlineNanos);
        for (int record = firstRecord; record != Delivery.NONE; record = delivery.next(record)) {
            batch.append(delivery, records, record, nowMs);
        }
        batch.identify(key.producerId(), RequestKey.PRODUCER_EPOCH, sequence);
        return batch;
    }
}
