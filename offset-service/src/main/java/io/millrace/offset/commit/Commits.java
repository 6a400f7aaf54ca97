package io.millrace.offset.commit;

import io.millrace.common.api.OffsetsApi.Commit;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.offset.commit.CommitCheck.Checked;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.commit.CommitOutcome.Stored;
import io.millrace.offset.database.NewestImage;
import io.millrace.offset.meters.OffsetMeters;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.stereotype.Component;

/** Takes a commit from its check to its answer, within a bound. */
@Component
public final class Commits {
    private final CommitLoop loop;
    private final CommitCheck check;
    private final NewestImage images;
    private final OffsetMeters meters;
    private final Duration timeout;

    Commits(CommitLoop loop, CommitSettings settings, NewestImage images, OffsetMeters meters) {
        this.loop = loop;
        this.check = new CommitCheck(settings);
        this.images = images;
        this.meters = meters;
        this.timeout = settings.timeout();
    }

    /** Returns when all of it is stored; refused as {@link io.millrace.common.api.OffsetsApi#commit} says. */
    public void commit(String group, Commit commit) {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        try {
            var outcome = attempt(group, commit, images.current(), deadlineNanos);
            if (outcome instanceof Refused refused && mayBeKnownByNow(refused.code())) {
                outcome = attempt(group, commit, images.await(), deadlineNanos);
            }
            switch (outcome) {
                case Stored _ -> meters.commitAnswered("stored");
                case Refused refused -> throw new RefusedException(refused.code(), refused.message());
            }
        } catch (RefusedException e) {
            meters.commitAnswered(e.code().name());
            throw e;
        }
    }

    /** The image may be a moment old: a topic may have been created since, or deleted and created again. */
    private static boolean mayBeKnownByNow(ErrorCode code) {
        return code == ErrorCode.UNKNOWN_TOPIC || code == ErrorCode.UNKNOWN_TOPIC_ID
                || code == ErrorCode.UNKNOWN_PARTITION;
    }

    private CommitOutcome attempt(String group, Commit commit, ClusterImage image, long deadlineNanos) {
        return switch (check.check(group, commit, image)) {
            case Checked.Valid(var request) -> await(loop.submit(request, deadlineNanos), deadlineNanos);
            case Checked.Invalid(var refusal) -> refusal;
        };
    }

    private static CommitOutcome await(CompletableFuture<CommitOutcome> outcome, long deadlineNanos) {
        try {
            return outcome.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return new Refused(ErrorCode.TIMED_OUT,
                    "The commit took too long; whether it was stored is not known, send it again");
        } catch (InterruptedException e) {
            throw interrupted();
        } catch (ExecutionException e) {
            throw new IllegalStateException("An outcome is a value", e);
        }
    }

    private static RefusedException interrupted() {
        Thread.currentThread().interrupt();
        return new RefusedException(ErrorCode.UNAVAILABLE, "The offset service is shutting down");
    }
}
