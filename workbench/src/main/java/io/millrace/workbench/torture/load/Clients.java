package io.millrace.workbench.torture.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs clients, each on a thread of its own. */
public final class Clients {
    private final Recorder recorder;
    private final List<Running> running = new ArrayList<>();

    private static final class Running {
        private final Thread thread;
        private volatile boolean isAskedToEnd;

        Running(String name, Client client, Recorder recorder) {
            thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> run(client, recorder));
        }

        private void run(Client client, Recorder recorder) {
            try {
                while (!isAskedToEnd) {
                    client.turn();
                }
                client.end();
            } catch (Exception e) { // whatever it is, the run is no proof without this client
                recorder.broken(Thread.currentThread().getName() + " ended: " + e);
            }
        }
    }

    Clients(Recorder recorder) {
        this.recorder = recorder;
    }

    void start(String name, Client client) {
        Running started = new Running(name, client, recorder);
        running.add(started);
        started.thread.start();
    }

    /** Asks all to end, and waits. */
    public void end(Duration timeout) throws InterruptedException {
        running.forEach(client -> client.isAskedToEnd = true);
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        for (Running client : running) {
            client.thread.join(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())));
            if (client.thread.isAlive()) {
                recorder.broken(client.thread.getName() + " did not end within " + timeout.toSeconds() + " s");
            }
        }
    }
}
