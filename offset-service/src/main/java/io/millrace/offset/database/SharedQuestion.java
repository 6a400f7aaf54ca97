package io.millrace.offset.database;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A question that many have at once: it is asked once for all who came while it was asked before. So it is never asked twice at a time, and
 * each gets the answer to one that was asked after it came.
 */
final class SharedQuestion<T> {
    private final Supplier<T> question;
    private final Duration timeout;
    /** Held while it is asked. */
    private final ReentrantLock asking = new ReentrantLock();
    private final Object lock = new Object();
    /** Of those who wait for it to be asked again. The first of them asks. */
    private @Nullable CompletableFuture<T> next;

    /** @param timeout the longest wait for an answer that others ask for, or for them to be done; over it {@code UNAVAILABLE} */
    SharedQuestion(Supplier<T> question, Duration timeout) {
        this.question = question;
        this.timeout = timeout;
    }

    T ask() {
        var mine = new CompletableFuture<T>();
        CompletableFuture<T> answer;
        synchronized (lock) {
            if (next == null) {
                next = mine;
            }
            answer = next;
        }
        try {
            if (answer == mine) {
                askForAll(mine);
            }
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw unavailable("PostgreSQL does not tell its newest state in time; try again");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable("The offset service is shutting down");
        }
    }

    /** When those who asked before are done, or have taken too long. */
    private void askForAll(CompletableFuture<T> answer) {
        boolean isMyTurn = false;
        try {
            isMyTurn = asking.tryLock(timeout.toNanos(), TimeUnit.NANOSECONDS);
            close(answer);
            if (isMyTurn) {
                answer.complete(question.get());
            } else {
                answer.completeExceptionally(unavailable(
                        "PostgreSQL does not tell its newest state in time; try again"));
            }
        } catch (InterruptedException e) {
            close(answer);
            Thread.currentThread().interrupt();
            answer.completeExceptionally(unavailable("The offset service is shutting down"));
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        } finally {
            if (isMyTurn) {
                asking.unlock();
            }
        }
    }

    /** Who comes from here on came after it was asked. */
    private void close(CompletableFuture<T> answer) {
        synchronized (lock) {
            if (next == answer) {
                next = null;
            }
        }
    }

    private static RefusedException unavailable(String message) {
        return new RefusedException(ErrorCode.UNAVAILABLE, message);
    }
}
