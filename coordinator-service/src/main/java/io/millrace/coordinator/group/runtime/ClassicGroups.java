package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicReply;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * What members of the classic protocol ask of groups whose shards this coordinator holds. Many of their questions are answered later,
 * when others have joined or been assigned to; meanwhile nobody holds a thread.
 */
@Component
public class ClassicGroups {
    private final GroupRuntime runtime;
    private final GroupSteps steps;
    private final AtomicLong requests = new AtomicLong();

    ClassicGroups(GroupRuntime runtime, GroupSteps steps) {
        this.runtime = runtime;
        this.steps = steps;
    }

    /** A question that was taken; it may have been answered since. */
    public interface Asked {
        /** Nobody waits for the answer any more: it is not given, and the member that waited may go. */
        void takeBack();
    }

    /** Why a question is refused whatever its group is like, or whether there is one; null where it depends on that. */
    public @Nullable ClassicFault refusalOf(ClassicEvent event) {
        return steps.refusalOf(event);
    }

    /** Makes the group unless it is there. Refused with {@link ErrorCode#COORDINATOR_FULL}. */
    public void make(Shard shard, String groupId) {
        runtime.within(shard, groupId, () -> {});
    }

    /**
     * Takes a question to its group.
     *
     * @param event made of the number that the question gets
     * @param asker told once, in this call or later, on a thread that it must not hold up; never after this was refused
     */
    public Asked ask(Shard shard, String groupId, LongFunction<ClassicEvent> event, Consumer<ClassicReply> asker) {
        GroupCell cell = shard.cell(groupId);
        long request = requests.incrementAndGet();
        cell.turnstile.pass(() -> {
            steps.present(cell);
            steps.tellTopics(cell);
            cell.waiting.add(request, asker);
            try {
                steps.step(cell, event.apply(request));
            } catch (RuntimeException e) {
                if (cell.waiting.takeBack(request)) {
                    throw e;
                }
            }
        });
        return () -> takeBack(cell, request);
    }

    private void takeBack(GroupCell cell, long request) {
        if (!cell.waiting.takeBack(request)) {
            return;
        }
        try {
            cell.turnstile.pass(() -> {
                if (cell.classic != null) {
                    steps.step(cell, new ClassicEvent.Disconnect(request));
                }
            });
        } catch (RefusedException e) {
            // With the shard or its store, what waited is gone too; in a crowd, the group's own times find out.
            return;
        }
    }
}
