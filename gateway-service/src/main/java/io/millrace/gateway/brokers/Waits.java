package io.millrace.gateway.brokers;

import io.millrace.common.metadata.ClusterImages;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;

/** The calls that wait for brokers, so that a new image and the gateway's shutdown wake them. */
@Component
public final class Waits {
    private final Set<Mailbox> open = ConcurrentHashMap.newKeySet();
    private final Shutdown shutdown;

    public Waits(ClusterImages images, Shutdown shutdown) {
        this.shutdown = shutdown;
        images.subscribe((_, _) -> open.forEach(Mailbox::wake));
        shutdown.onBegin(() -> open.forEach(Mailbox::wake));
    }

    /** To be opened before the image or the shutdown is looked at, so that no change is missed. */
    Mailbox open() {
        var mailbox = new Mailbox(open);
        open.add(mailbox);
        return mailbox;
    }

    boolean shutdownHasBegun() {
        return shutdown.hasBegun();
    }
}
