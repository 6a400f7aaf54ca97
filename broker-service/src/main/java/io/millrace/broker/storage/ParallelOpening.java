package io.millrace.broker.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Opens many folders with a bounded number of threads; the first failure is the caller's. */
final class ParallelOpening {

    interface Opening {
        void open(PartitionFolder folder) throws IOException;
    }

    private ParallelOpening() {}

    static void run(int threads, List<PartitionFolder> folders, Opening opening) throws IOException {
        try (ExecutorService executor = Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("log-open-", 0)
                .factory())) {
            List<Future<?>> running = new ArrayList<>();
            for (PartitionFolder folder : folders) {
                running.add(executor.submit(() -> {
                    opening.open(folder);
                    return folder;
                }));
            }
            for (int i = 0; i < folders.size(); i++) {
                await(running.get(i), folders.get(i));
            }
        }
    }

    private static void await(Future<?> opened, PartitionFolder folder) throws IOException {
        try {
            opened.get();
        } catch (ExecutionException e) {
            throw new IOException("cannot open the log in " + folder.path() + ": " + e.getCause().getMessage(), e
                    .getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while opening logs", e);
        }
    }
}
