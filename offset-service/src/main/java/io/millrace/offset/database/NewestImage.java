package io.millrace.offset.database;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The image follows PostgreSQL by a moment; who asks about a topic that was just created must not meet a 404. */
@Component
public final class NewestImage {
    private final ClusterImages images;
    private final JdbcClient jdbc;
    private final DatabaseGate gate;
    private final Duration timeout;

    NewestImage(ClusterImages images, JdbcClient jdbc, DatabaseGate gate, DatabaseSettings settings) {
        this.images = images;
        this.jdbc = jdbc;
        this.gate = gate;
        this.timeout = settings.imageTimeout();
    }

    /** The image that this process has, which may be a moment old. */
    public ClusterImage current() {
        return images.current();
    }

    /** An image that holds all that was committed before this call. Refused with {@code UNAVAILABLE} when it does not come in time. */
    public ClusterImage await() {
        long newest = gate.call(() -> jdbc.sql("select version from metadata.cluster").query(Long.class).single());
        try {
            if (!images.awaitVersion(newest, timeout)) {
                throw new RefusedException(ErrorCode.UNAVAILABLE,
                        "The cluster's newest metadata is not known here yet; try again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "The offset service is shutting down");
        }
        return images.current();
    }
}
