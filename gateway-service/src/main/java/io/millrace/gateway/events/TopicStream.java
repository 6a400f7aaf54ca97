package io.millrace.gateway.events;

import io.millrace.gateway.events.EventStream.Loss;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A subscription of one client's own, from its beginning to its end. */
final class TopicStream implements LiveStream {
    private final StreamRequest request;
    private final long[] positions;
    private final List<Loss> lost;
    private final Feed feed;
    private final Writing writing;
    private final Runnable onClose;
    private volatile @Nullable EventStream stream;

    /**
     * @param positions next offset of each partition
     * @param onClose   gives the feed back
     */
    TopicStream(StreamRequest request, long[] positions, List<Loss> lost, Feed feed, Writing writing,
            Runnable onClose) {
        this.request = request;
        this.positions = positions;
        this.lost = lost;
        this.feed = feed;
        this.writing = writing;
        this.onClose = onClose;
    }

    @Override
    public End writeTo(ClientLine client, BooleanSupplier stopped) throws IOException, InterruptedException {
        var begun = writing.begin(feed, positions, client);
        stream = begun;
        return begun.run(lost, request.patience(), stopped);
    }

    @Override
    public void wake() {
        var woken = stream;
        if (woken != null) {
            woken.wake();
        }
    }

    @Override
    public void close() {
        var closed = stream;
        if (closed != null) {
            closed.leave();
        }
        onClose.run();
    }

    /** Begins to write on the present thread. */
    @FunctionalInterface
    interface Writing {
        EventStream begin(Feed feed, long[] positions, ClientLine client);
    }
}
