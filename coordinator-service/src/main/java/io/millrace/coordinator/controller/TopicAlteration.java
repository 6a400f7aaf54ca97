package io.millrace.coordinator.controller;

import io.millrace.common.api.TopicsApi.AlterConfigs;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Terms;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** Gives a topic other settings, and its partitions what follows from those that elections depend on. */
@Component
class TopicAlteration {
    private final TopicStore store;
    private final PartitionTable partitions;

    TopicAlteration(TopicStore store, PartitionTable partitions) {
        this.store = store;
        this.partitions = partitions;
    }

    /** Refuses what cannot be. */
    void check(String name, AlterConfigs request) {
        plan(name, request);
    }

    /** Within {@link ControllerRole#write}. */
    void carryOut(String name, AlterConfigs request, long version) {
        var plan = plan(name, request);
        if (plan.after.equals(plan.topic.configs())) {
            return;
        }
        store.configure(plan.topic.id(), plan.after, version);
        var before = Terms.of(plan.topic.configs());
        var terms = Terms.of(plan.after);
        if (!terms.equals(before)) {
            var brokers = partitions.standings();
            partitions.update(plan.rows.stream().map(row -> new Transition(row.topicId(), row.partition(),
                    PartitionRules.termsChanged(row.partition(), brokers, before, terms))).toList(), version);
        }
    }

    private record Plan(TopicStore.Configured topic, Map<String, String> after, List<Row> rows) {}

    private Plan plan(String name, AlterConfigs request) {
        var topic = store.configured(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + name + "'");
        }
        var after = ConfigChange.apply(request.replace() ? Map.of() : topic.configs(), request.changes());
        var rows = partitions.ofTopic(topic.id());
        int minInsyncReplicas = Terms.of(after).minInsyncReplicas();
        if (minInsyncReplicas != Terms.of(topic.configs()).minInsyncReplicas()) {
            checkMinInsyncReplicas(minInsyncReplicas, rows);
        }
        return new Plan(topic, after, rows);
    }

    private static void checkMinInsyncReplicas(int minInsyncReplicas, List<Row> rows) {
        for (var row : rows) {
            var partition = row.partition();
            if (partition.recovering()) {
                throw new RefusedException(ErrorCode.UNAVAILABLE, "It is not known yet who was in sync with partition "
                        + partition.index() + " before PostgreSQL went back; try again");
            }
            // What a move under way ends with, as for one that is asked for while the minimum is what it is to be.
            var violation = TopicRules.violatedByMinInsyncReplicas(minInsyncReplicas, partition.replicas().size()
                    - partition.removing().size());
            if (violation != null) {
                throw new RefusedException(violation.code(), violation.reason());
            }
        }
    }
}
