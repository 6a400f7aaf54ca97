package io.millrace.common.lease;

import java.util.concurrent.CompletableFuture;

/** Told of leases as they come and go; of one name in the order acquired, perhaps leaving, lost; all on one thread that is not the renewing one. */
public interface LeaseListener {
    /** May take its time: {@link LeaseGrant#isHeld} tells whether the lease is still there. */
    void acquired(LeaseGrant grant);

    /**
     * The lease is to be given back in order, and held until then: nothing more shall be begun under it.
     *
     * @return done when what was begun has ended; not waited for longer than one TTL
     */
    default CompletableFuture<Void> leaving(LeaseGrant grant) {
        return CompletableFuture.completedFuture(null);
    }

    /** The lease is gone, also when this process itself gave it back. */
    void lost(LeaseGrant grant);
}
