package io.millrace.gateway.groups;

import io.millrace.common.api.GroupsApi.GroupDescription;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.OffsetsApi.Committed;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** How far groups are behind: what they have committed beside where the partitions end. */
@Component
public class GroupLags {
    private final ServiceClients services;
    private final Groups groups;
    private final Brokers brokers;
    private final Topics topics;

    GroupLags(ServiceClients services, Groups groups, Brokers brokers, Topics topics) {
        this.services = services;
        this.groups = groups;
        this.brokers = brokers;
        this.topics = topics;
    }

    /**
     * @param committedOffset the next to read; null without a commit, and then there is no lag
     * @param memberId        who reads it now; null if nobody
     */
    public record PartitionLag(TopicPartition partition, @Nullable Long committedOffset, long endOffset,
            @Nullable Long lag, @Nullable String memberId) {}

    /** Of each partition that the group has committed or reads, in order. Refused with {@code UNKNOWN_GROUP}. */
    public List<PartitionLag> of(String group) throws InterruptedException {
        var description = groups.find(group);
        var committed = services.offsets().fetch(group, new OffsetsApi.Fetch(null)).offsets();
        if (description == null && committed.isEmpty()) {
            throw new RefusedException(ErrorCode.UNKNOWN_GROUP, "there is no group '" + group + "'");
        }
        var rows = rows(description, committed);
        var ends = brokers.offsets(rows.stream().map(row -> new OffsetQuery(row.partition.topic(), row.partition
                .partition(), OffsetQuery.LATEST)).toList());
        var lags = new ArrayList<PartitionLag>();
        for (int i = 0; i < ends.size(); i++) {
            var row = rows.get(i);
            long end = ends.get(i).offset();
            lags.add(new PartitionLag(row.partition, row.committed, end, row.committed == null ? null
                    : Math.max(0, end - row.committed), row.member));
        }
        return lags;
    }

    /** Those whose topics there still are. */
    private List<Row> rows(@Nullable GroupDescription description, List<Committed> committed) {
        var rows = new TreeMap<TopicPartition, Row>();
        for (var each : committed) {
            var partition = new TopicPartition(each.topic(), each.partition());
            rows.put(partition, new Row(partition, each.offset(), null));
        }
        if (description != null) {
            for (var member : description.members()) {
                for (var partition : member.partitions()) {
                    var known = rows.get(partition);
                    rows.put(partition, new Row(partition, known == null ? null : known.committed, member.memberId()));
                }
            }
        }
        return rows.values().stream().filter(row -> {
            var topic = topics.image().topic(row.partition.topic());
            return topic != null && topic.partition(row.partition.partition()) != null;
        }).toList();
    }

    private record Row(TopicPartition partition, @Nullable Long committed, @Nullable String member) {}
}
