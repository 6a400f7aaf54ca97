package io.millrace.common.lease;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A lease while it is held, for those that act under it. */
public final class LeaseGrant {
    private final String name;
    private final String holder;
    private final long epoch;
    private final LongSupplier nanoClock;
    private volatile LeaseState.@Nullable Held held;

    LeaseGrant(String name, String holder, LeaseState.Held held, LongSupplier nanoClock) {
        this.name = name;
        this.holder = holder;
        this.epoch = held.epoch();
        this.held = held;
        this.nanoClock = nanoClock;
    }

    public String name() {
        return name;
    }

    /** The process that holds it, as in {@code metadata.lease.holder}. */
    public String holder() {
        return holder;
    }

    /** Fences every write made under the lease: to be compared with {@code metadata.lease.epoch} in the same transaction. */
    public long epoch() {
        return epoch;
    }

    /**
     * Whether the lease is still held at this moment. False at the very end of the trust in it, some time before
     * {@link LeaseListener#lost} may be called.
     */
    public boolean isHeld() {
        var now = held;
        return now != null && now.isTrusted(nanoClock.getAsLong());
    }

    void renewed(LeaseState.Held renewed) {
        held = renewed;
    }

    void ended() {
        held = null;
    }

    @Override
    public String toString() {
        return name + " (epoch " + epoch + ")";
    }
}
