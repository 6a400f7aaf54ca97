package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a member asks of its group. It waits in line, is carried out by whoever is in the turnstile, with others in line, and answered once. */
final class MemberRequest {
    /** How long the member will be quiet from now on by intention. */
    final long silentMs;
    private final Function<Group, GroupEvent> asked;
    private final CountDownLatch answered = new CountDownLatch(1);
    private volatile @Nullable GroupReply reply;
    private volatile @Nullable RuntimeException failure;

    MemberRequest(Function<Group, GroupEvent> asked, long silentMs) {
        this.asked = asked;
        this.silentMs = silentMs;
    }

    /** @param group as it is at its turn */
    GroupEvent event(Group group) {
        return asked.apply(group);
    }

    void answer(GroupReply given) {
        reply = given;
        answered.countDown();
    }

    void fail(RuntimeException why) {
        failure = why;
        answered.countDown();
    }

    boolean isAnswered() {
        return answered.getCount() == 0;
    }

    /** Waits for the answer; throws what failed. */
    GroupReply await() {
        try {
            answered.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the coordinator is shutting down", e);
        }
        RuntimeException failed = failure;
        GroupReply given = reply;
        if (failed != null || given == null) {
            throw failed != null ? failed : new IllegalStateException("answered by nothing");
        }
        return given;
    }
}
