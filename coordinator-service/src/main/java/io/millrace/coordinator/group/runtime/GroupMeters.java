package io.millrace.coordinator.group.runtime;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.ToDoubleFunction;
import org.springframework.stereotype.Component;

/** All meters of groups and HTTP consumers. */
@Component
public class GroupMeters {
    final Counter rebalances;
    final Counter expiries;
    final Counter leftBehind;
    final Counter groupsRemoved;
    final Counter refusals;
    final Timer events;
    public final Counter instancesExpired;
    public final Counter autoCommits;
    public final Counter autoCommitsFailed;
    private final MeterRegistry registry;

    GroupMeters(MeterRegistry registry) {
        this.registry = registry;
        rebalances = Counter.builder("millrace.group.rebalances").description("New target assignments").register(
                registry);
        expiries = Counter.builder("millrace.group.expiries").description("Members that were not heard from in time")
                .register(registry);
        leftBehind = Counter.builder("millrace.group.left.behind").description(
                "Members of classic groups that did not join, or ask for their assignment, in time").register(registry);
        groupsRemoved = Counter.builder("millrace.group.removals")
                .description("Groups that nothing was left of").register(registry);
        refusals = Counter.builder("millrace.group.refusals").description(
                "Requests refused since groups hold all the memory that they may").register(registry);
        events = Timer.builder("millrace.group.heartbeat").description("Time of a member's request in its group")
                .publishPercentileHistogram().register(registry);
        instancesExpired = Counter.builder("millrace.consumer.expiries")
                .description("HTTP consumers that were forgotten for lack of calls").register(registry);
        autoCommits = Counter.builder("millrace.consumer.auto.commits").tag("outcome", "stored")
                .description("Offsets committed for HTTP consumers").register(registry);
        autoCommitsFailed = Counter.builder("millrace.consumer.auto.commits").tag("outcome", "failed")
                .description("Offsets committed for HTTP consumers").register(registry);
    }

    public <T> void gauge(String name, String description, T owner, ToDoubleFunction<T> value) {
        Gauge.builder(name, owner, value).description(description).register(registry);
    }
}
