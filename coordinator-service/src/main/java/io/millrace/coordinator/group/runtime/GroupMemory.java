package io.millrace.coordinator.group.runtime;

import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;

/**
 * The memory that takes what members of all this coordinator's groups say and are assigned, in one account: however many groups clients
 * make and however much they say, the coordinator has memory left. Loaded groups are never refused, and may fill it beyond its limit.
 */
@Component
class GroupMemory {
    private final long maxBytes;
    private final AtomicLong takenBytes = new AtomicLong();

    GroupMemory(GroupSettings settings, GroupMeters meters) {
        this.maxBytes = settings.maxMemory().toBytes();
        meters.gauge("millrace.group.memory", "Bytes that this coordinator's groups hold of what members say", this,
                memory -> memory.takenBytes.get());
    }

    private boolean tryTake(long bytes) {
        if (takenBytes.addAndGet(bytes) <= maxBytes) {
            return true;
        }
        takenBytes.addAndGet(-bytes);
        return false;
    }

    /** What the groups of one shard hold; nothing once the shard is given up, whatever is still said of its groups. */
    final class OfShard {
        private long heldBytes;
        private boolean closed;

        synchronized boolean tryTake(long bytes) {
            if (closed || GroupMemory.this.tryTake(bytes)) {
                heldBytes += bytes;
                return true;
            }
            return false;
        }

        /** @param bytes negative where they are given back */
        synchronized void change(long bytes) {
            heldBytes += bytes;
            if (!closed) {
                takenBytes.addAndGet(bytes);
            }
        }

        synchronized void close() {
            if (!closed) {
                closed = true;
                takenBytes.addAndGet(-heldBytes);
            }
        }
    }
}
