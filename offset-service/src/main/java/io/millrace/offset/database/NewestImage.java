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
    private final SharedQuestion<Long> newestVersion;
    private final Duration timeout;

    NewestImage(ClusterImages images, JdbcClient jdbc, DatabaseGate gate, DatabaseSettings settings) {
        this.images = images;
        this.timeout = settings.imageTimeout();
        // Many may ask at once, as when a topic is gone that all commit to: together they take one place in the connection pool.
        this.newestVersion = new SharedQuestion<>(() -> gate.call(() -> jdbc.sql("select version from metadata.cluster")
                .query(Long.class).single()), settings.waitTimeout());
    }

    /** The image that this process has, which may be a moment old. */
    public ClusterImage current() {
        return images.current();
    }

    /** An image that holds all that was committed before this call. Refused with {@code UNAVAILABLE} when it does not come in time. */
    public ClusterImage await() {
        long newest = newestVersion.ask();
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
