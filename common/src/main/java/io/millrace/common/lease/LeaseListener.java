package io.millrace.common.lease;

/** Told of leases as they come and go; of one name alternately, all on one thread that is not the renewing one. */
public interface LeaseListener {
    /** May take its time: {@link LeaseGrant#isHeld} tells whether the lease is still there. */
    void acquired(LeaseGrant grant);

    /** The lease is gone, also when this process itself gave it back. */
    void lost(LeaseGrant grant);
}
