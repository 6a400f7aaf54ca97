package io.millrace.coordinator.controller;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * Holds one idle connection to each running broker. When it ends, another is tried at once: a host that answers but refuses tells that the
 * process is gone, long before its lease has run out. What does not answer at all is left to the lease. Nothing is concluded of a broker
 * that was never reached from here: its address may be one that only others can use.
 *
 * <p>Every coordinator does so, that whoever becomes the controller knows already.
 */
@Component
@EnableConfigurationProperties(ControllerSettings.class)
class BrokerPresence {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerPresence.class);

    /** One registration of a broker. */
    record Registered(int id, long epoch) {}

    private final ControllerSettings settings;
    private final Map<Registered, Line> lines = new HashMap<>();
    private final Set<Registered> refusing = ConcurrentHashMap.newKeySet();
    private final CopyOnWriteArrayList<Runnable> listeners = new CopyOnWriteArrayList<>();
    private boolean closed;

    BrokerPresence(ControllerSettings settings, ClusterImages images) {
        this.settings = settings;
        images.subscribe((_, image) -> follow(image));
    }

    /** Called whenever what {@link #refusing()} returns has changed. */
    void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** The brokers that took a connection once and refuse them now. */
    Set<Registered> refusing() {
        return Set.copyOf(refusing);
    }

    private synchronized void follow(ClusterImage image) {
        if (closed) {
            return;
        }
        // A fenced broker is still followed when it was before: that it can be reached again is to be seen.
        lines.entrySet().removeIf(entry -> {
            var broker = image.brokers().get(entry.getKey().id());
            boolean gone = broker == null || broker.epoch() != entry.getKey().epoch();
            if (gone) {
                entry.getValue().close();
                refusing.remove(entry.getKey());
            }
            return gone;
        });
        for (var broker : image.brokers().values()) {
            if (!broker.fenced()) {
                lines.computeIfAbsent(new Registered(broker.id(), broker.epoch()), key -> new Line(key, broker));
            }
        }
    }

    @PreDestroy
    synchronized void close() {
        closed = true;
        lines.values().forEach(Line::close);
        lines.clear();
    }

    private void changed(boolean isChange) {
        if (isChange) {
            listeners.forEach(Runnable::run);
        }
    }

    /** The connection to one broker, again and again. */
    private final class Line {
        private final Registered registered;
        private final BrokerImage broker;
        private final Thread thread;
        private volatile @Nullable Socket socket;
        private volatile boolean ended;

        Line(Registered registered, BrokerImage broker) {
            this.registered = registered;
            this.broker = broker;
            this.thread = Thread.ofVirtual().name("broker-presence-" + broker.id()).start(this::run);
        }

        void close() {
            ended = true;
            thread.interrupt();
            var open = socket;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    LOG.debug("Could not close the connection to broker {}", registered.id(), e);
                }
            }
        }

        private void run() {
            boolean reachedBefore = false;
            while (!ended) {
                boolean reached = false;
                long triedNanos = System.nanoTime();
                try (var opened = new Socket()) {
                    socket = opened;
                    opened.connect(new InetSocketAddress(broker.host(), broker.kafkaPort()), Math.toIntExact(settings
                            .presenceTimeout().toMillis()));
                    reached = true;
                    reachedBefore = true;
                    changed(refusing.remove(registered));
                    // The broker says nothing unasked: this ends with the connection.
                    opened.getInputStream().read();
                } catch (ConnectException e) {
                    if (reachedBefore && isRefusal(e)) {
                        refuses();
                    }
                } catch (IOException e) {
                    LOG.debug("The connection to broker {} ended", registered.id(), e);
                }
                // One that ends at once may be a proxy's before a process that is gone, or a broker's that has too many: the next would, too.
                if (!reached || System.nanoTime() - triedNanos < settings.presenceRetry().toNanos()) {
                    pause(settings.presenceRetry());
                }
            }
        }

        private void refuses() {
            // Under the lock of follow(), or a line that has just been given up would leave its mark for ever.
            boolean first;
            synchronized (BrokerPresence.this) {
                first = !ended && refusing.add(registered);
            }
            changed(first);
        }

        private void pause(Duration pause) {
            try {
                TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            } catch (InterruptedException e) {
                ended = true;
            }
        }
    }

    /** A timeout comes as the same exception; only its text, which is the system's, tells them apart. */
    private static boolean isRefusal(ConnectException e) {
        return String.valueOf(e.getMessage()).startsWith("Connection refused");
    }
}
