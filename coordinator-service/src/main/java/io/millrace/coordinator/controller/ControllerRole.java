package io.millrace.coordinator.controller;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.MetadataTransaction;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Whether this coordinator is the controller, and the one way in which a controller writes. */
@Component
public class ControllerRole implements LeaseListener {
    private final MetadataTransaction transaction;
    private final JdbcClient sql;
    private final List<LeaseListener> duties = new CopyOnWriteArrayList<>();
    private volatile @Nullable LeaseGrant grant;

    ControllerRole(MetadataTransaction transaction, JdbcClient sql) {
        this.transaction = transaction;
        this.sql = sql;
    }

    @Override
    public void acquired(LeaseGrant acquired) {
        grant = acquired;
        duties.forEach(duty -> duty.acquired(acquired));
    }

    @Override
    public void lost(LeaseGrant lost) {
        grant = null;
        duties.forEach(duty -> duty.lost(lost));
    }

    /** Work to be begun and ended with the role. */
    public void add(LeaseListener duty) {
        duties.add(duty);
    }

    public boolean isActive() {
        var now = grant;
        return now != null && now.isHeld();
    }

    /** The lease to act under; refused with {@code NOT_CONTROLLER} without one. */
    public LeaseGrant require() {
        var now = grant;
        if (now == null || !now.isHeld()) {
            throw notController();
        }
        return now;
    }

    /**
     * Runs the change if this coordinator is still the controller when it is committed: whoever takes the lease must take the next cluster
     * version first, and cannot before this transaction has ended.
     */
    public <T> T write(LongFunction<T> change) {
        var term = require();
        return transaction.write(version -> {
            requireStill(term);
            return change.apply(version);
        });
    }

    /** As {@link #write}, for the change that ends or settles a doubt whether PostgreSQL has lost something. */
    <T> T writeInDoubt(LongFunction<T> change) {
        var term = require();
        return transaction.writeInDoubt(version -> {
            requireStill(term);
            return change.apply(version);
        });
    }

    private void requireStill(LeaseGrant term) {
        boolean stillOurs = sql.sql("""
                select exists (select from metadata.lease where name = :name and holder = :holder and epoch = :epoch)
                """)
                .param("name", ClusterImage.CONTROLLER_LEASE)
                .param("holder", term.holder())
                .param("epoch", term.epoch())
                .query(Boolean.class)
                .single();
        if (!stillOurs) {
            throw notController();
        }
    }

    private static RefusedException notController() {
        return new RefusedException(ErrorCode.NOT_CONTROLLER,
                "This coordinator is not the controller at present; try again");
    }
}
