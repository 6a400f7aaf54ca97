package io.millrace.gateway.v3.records;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.memory.StreamMemory;
import io.millrace.gateway.memory.StreamShare;
import io.millrace.gateway.producer.ProducerProperties;
import io.millrace.gateway.v3.records.RecordStream.GroupMemory;
import org.springframework.stereotype.Component;

/** The memory of the bodies that are taken object by object: apart from that of whole bodies, which may use up theirs at any moment. */
@Component
class ObjectStreams implements CountedMemory {
    private final StreamMemory memory;
    private final int readBytes;
    private final int longestBytes;

    ObjectStreams(V3RecordsProperties properties, ProducerProperties producer) {
        this.memory = new StreamMemory(properties.streamMemory().toBytes(), producer.answerTimeout(),
                "the streams of records");
        this.longestBytes = (int) properties.maxRecordSize().toBytes();
        this.readBytes = (int) Math.min(properties.streamReadSize().toBytes(), longestBytes);
    }

    @Override
    public String kind() {
        return "v3-streams";
    }

    @Override
    public MemoryBudget budget() {
        return memory.budget();
    }

    /**
     * How much is read at a time.
     *
     * @param announced length of the body, or -1
     */
    int readBytes(long announced) {
        return atMostAnnounced(announced, readBytes);
    }

    /**
     * Of an object.
     *
     * @param announced length of the body, or -1
     */
    int longestBytes(long announced) {
        return atMostAnnounced(announced, longestBytes);
    }

    /** A body that tells its length needs room for no more. */
    private static int atMostAnnounced(long announced, int bytes) {
        return announced < 0 ? bytes : Math.clamp(announced, 1, bytes);
    }

    /** For one body, to be closed at its end. Refused with {@code QUEUE_FULL}. */
    StreamShare open(int firstBytes) {
        return memory.open(firstBytes);
    }

    /** Of what is made of one group after the other. */
    static GroupMemory groups(StreamShare share) {
        return new GroupMemory() {
            private long reservedBytes;

            @Override
            public boolean tryReserve(long moreBytes) {
                if (!share.tryReserve(moreBytes)) {
                    return false;
                }
                reservedBytes += moreBytes;
                return true;
            }

            @Override
            public void reserve(long moreBytes) {
                try {
                    share.reserve(moreBytes);
                    reservedBytes += moreBytes;
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                    throw new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down");
                }
            }

            @Override
            public void groupEnds() {
                share.release(reservedBytes);
                reservedBytes = 0;
            }
        };
    }
}
