package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.metadata.ClusterImage;
import jakarta.annotation.PreDestroy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Loads a shard's groups when its lease comes and drops them when it goes; of each shard one after the other, on a thread of its own. */
@Component
public class ShardLeases implements LeaseListener {
    private static final Logger LOG = LoggerFactory.getLogger(ShardLeases.class);
    private static final long RETRY_BACKOFF_MS = 100;

    private final Shards shards;
    private final List<ExecutorService> loaders = IntStream.range(0, ClusterImage.GROUP_SHARDS)
            .mapToObj(shard -> Executors.newSingleThreadExecutor(Thread.ofVirtual().name("shard-loader-" + shard)
                    .factory()))
            .toList();

    ShardLeases(Shards shards) {
        this.shards = shards;
    }

    /** The names of the leases to keep. */
    public static List<String> names() {
        var names = new ArrayList<String>();
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            names.add(ClusterImage.shardLease(shard));
        }
        return names;
    }

    @Override
    public void acquired(LeaseGrant grant) {
        loader(grant).execute(() -> load(grant));
    }

    @Override
    public CompletableFuture<Void> leaving(LeaseGrant grant) {
        return CompletableFuture.runAsync(() -> shards.leave(shardOf(grant)), loader(grant));
    }

    @Override
    public void lost(LeaseGrant grant) {
        loader(grant).execute(() -> shards.release(shardOf(grant)));
    }

    /** For as long as the lease lasts: a shard that cannot be loaded is nobody else's either. */
    private void load(LeaseGrant grant) {
        while (grant.isHeld()) {
            try {
                shards.takeOver(shardOf(grant), new Term(grant));
                return;
            } catch (RefusedException e) {
                LOG.info("Loading the groups of {} again: {}", grant, e.getMessage());
            } catch (RuntimeException e) {
                LOG.warn("Loading the groups of {} failed; trying again", grant, e);
            }
            try {
                Thread.sleep(RETRY_BACKOFF_MS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private ExecutorService loader(LeaseGrant grant) {
        return loaders.get(shardOf(grant));
    }

    private static int shardOf(LeaseGrant grant) {
        return names().indexOf(grant.name());
    }

    @PreDestroy
    void close() {
        loaders.forEach(ExecutorService::shutdownNow);
    }

    private record Term(LeaseGrant grant) implements ShardLease {
        @Override
        public long epoch() {
            return grant.epoch();
        }

        @Override
        public boolean isHeld() {
            return grant.isHeld();
        }
    }
}
