package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.Member;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Carries out what members ask, in their order. Requests that came while a group was busy go together: their steps are stored in one
 * transaction, and each is answered once it is. So a group of many members takes as many transactions as PostgreSQL has time for.
 */
@Component
class MemberRequests {
    private final GroupSteps steps;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final int atOnce;

    MemberRequests(GroupSteps steps, GroupSettings settings, GroupMeters meters, MonotonicClock clock) {
        this.steps = steps;
        this.meters = meters;
        this.clock = clock;
        this.atOnce = settings.requestsAtOnce();
    }

    /** What a request came to; only true once all that was decided before is stored. */
    private record Decided(MemberRequest request, @Nullable GroupEvent event, @Nullable GroupReply reply,
            @Nullable RuntimeException failure) {}

    /** Refused as by {@link Turnstile}, and with what its group refuses. */
    GroupReply carryOut(GroupCell cell, MemberRequest request) {
        return meters.events.record(() -> {
            cell.line.add(request);
            try {
                cell.turnstile.pass(() -> {
                    while (!request.isAnswered()) {
                        carryOutNext(cell);
                    }
                });
            } catch (RefusedException e) {
                if (cell.line.remove(request)) {
                    throw e;
                }
                // It had its turn with another's, which is about to answer it.
            }
            return request.await();
        });
    }

    /** Answers all that it takes. */
    private void carryOutNext(GroupCell cell) {
        List<MemberRequest> next = new ArrayList<>();
        for (MemberRequest request = cell.line.poll(); request != null; request = next.size() < atOnce ? cell.line
                .poll() : null) {
            next.add(request);
        }
        try {
            steps.present(cell);
            steps.tellTopics(cell);
            decide(cell, next);
        } catch (RuntimeException e) {
            next.stream().filter(request -> !request.isAnswered()).forEach(request -> request.fail(e));
        }
    }

    private void decide(GroupCell cell, List<MemberRequest> requests) {
        Group stored = steps.present(cell);
        Group now = stored;
        List<Decided> decided = new ArrayList<>();
        for (MemberRequest request : requests) {
            GroupEvent event;
            try {
                event = request.event(now);
            } catch (RuntimeException e) {
                decided.add(new Decided(request, null, null, e));
                continue;
            }
            GroupSteps.Considered considered = steps.consider(cell, now, event);
            if (considered == null) {
                store(cell, stored, now, decided);
                carryOutAlone(cell, request);
                decided.clear();
                stored = steps.present(cell);
                now = stored;
            } else {
                decided.add(new Decided(request, event, considered.reply(), null));
                now = considered.group();
            }
        }
        store(cell, stored, now, decided);
    }

    private void store(GroupCell cell, Group stored, Group now, List<Decided> decided) {
        try {
            steps.save(cell, stored, now);
        } catch (RefusedException e) {
            throw e;
        } catch (RuntimeException e) {
            // PostgreSQL is there: what one of them asked for cannot be stored, which is not the others' fault.
            decided.forEach(one -> carryOutAlone(cell, one.request()));
            return;
        }
        for (Decided one : decided) {
            if (one.event() != null && one.reply() != null) {
                heard(cell, one.request(), one.event(), one.reply());
            }
        }
        cell.shard.requireHeld();
        for (Decided one : decided) {
            if (one.failure() != null) {
                one.request().fail(one.failure());
            } else if (one.reply() != null) {
                one.request().answer(one.reply());
            }
        }
    }

    private void carryOutAlone(GroupCell cell, MemberRequest request) {
        try {
            GroupEvent event = request.event(steps.present(cell));
            GroupReply reply = steps.step(cell, event);
            heard(cell, request, event, reply);
            cell.shard.requireHeld();
            request.answer(reply);
        } catch (RuntimeException e) {
            request.fail(e);
        }
    }

    private void heard(GroupCell cell, MemberRequest request, GroupEvent event, GroupReply reply) {
        if (!(reply instanceof GroupReply.Granted || event instanceof GroupEvent.GoForNow)) {
            return;
        }
        String memberId = switch (event) {
            case GroupEvent.Join join -> join.memberId();
            case GroupEvent.Heartbeat heartbeat -> heartbeat.memberId();
            case GroupEvent.Leave(String left) -> left;
            case GroupEvent.GoForNow(String away) -> away;
            case GroupEvent.Expire(String expired) -> expired;
            case GroupEvent.TopicsChanged() -> "";
        };
        Member member = steps.present(cell).member(memberId);
        if (member != null) {
            cell.sessions.heard(member, clock.nowMs() + request.silentMs);
        }
    }
}
