package io.millrace.gateway.events;

import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.ServiceClients;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.springframework.stereotype.Component;

/** The streams that are members of consumer groups. */
@Component
final class GroupStreams implements CountedMemory {
    private final EventsProperties properties;
    private final ServiceClients services;
    private final Topics topics;
    private final Brokers fetches;
    private final Brokers lookups;
    private final RecordRendering rendering = new EventRendering();
    private final MemoryBudget memory;

    GroupStreams(EventsProperties properties, ServiceClients services, Topics topics, Brokers brokers) {
        this.properties = properties;
        this.services = services;
        this.topics = topics;
        // A stream has other partitions to read while one has no leader, and its own end.
        this.fetches = brokers.withPatience(Duration.ZERO);
        this.lookups = brokers.withPatience(properties.groups().heartbeat());
        this.memory = new MemoryBudget(properties.groups().memory().toBytes());
    }

    @Override
    public String kind() {
        return "group-streams";
    }

    @Override
    public MemoryBudget budget() {
        return memory;
    }

    /**
     * What a client asks for, checked.
     *
     * @param start         see {@link GroupReader.Limits}
     * @param commitsItself whether what was written is committed without the client's doing
     */
    record Request(String group, List<String> topics, RecordView view, StartPosition.Lookup start,
            boolean commitsItself, Patience patience) {}

    /**
     * Makes the stream a member of its group. Refused as creating a consumer instance is.
     *
     * @param baseUri of an instance by its name
     */
    LiveStream open(Request request, UnaryOperator<String> baseUri) {
        var groups = properties.groups();
        boolean fromEarliest = request.start instanceof StartPosition.Earliest;
        var instances = services.instances(request.group);
        var instance = instances.create(request.group, new CreateInstance(null, request.view.format().label(),
                fromEarliest ? "earliest" : "latest", request.commitsItself, null, null, null, (int) groups.session()
                        .toMillis()));
        var member = new GroupMember(services, request.group, instance.instanceId());
        boolean joined = false;
        try {
            instances.subscribe(request.group, instance.instanceId(), new Subscription(request.topics, null));
            var grant = member.join(groups.heartbeat());
            joined = true;
            var reader = new GroupReader(fetches, lookups, topics, rendering, request.view, memory,
                    new GroupReader.Limits(
                            LeaderLogs.timestamp(request.start), (int) groups.fetchSize().toBytes(), properties
                                    .leaderRetry(),
                            properties.heartbeat()));
            return new GroupStream(member, reader, new GroupStream.Settings(baseUri.apply(instance.instanceId()),
                    request.commitsItself, request.patience, groups.heartbeat(), properties.heartbeat(), properties
                            .clientRetry(),
                    properties.leaderRetry(), groups.assignmentWait(), groups.drainLimit()), grant);
        } finally {
            if (!joined) {
                member.leave(false);
            }
        }
    }
}
