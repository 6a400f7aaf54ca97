package io.millrace.common.api;

import io.millrace.common.error.ErrorCode;
import java.util.List;
import java.util.Set;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.service.annotation.DeleteExchange;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;

/**
 * Consumer groups as a whole; served by the coordinator that holds the group's shard, any other answers
 * {@link ErrorCode#NOT_COORDINATOR}. {@link #list} answers for the shards this coordinator holds.
 */
@HttpExchange("/internal/groups")
public interface GroupsApi {
    @GetExchange
    List<GroupSummary> list();

    /** Refused with {@code UNKNOWN_GROUP}. */
    @Repeatable
    @GetExchange("/{group}")
    GroupDescription describe(@PathVariable String group);

    /** Deletes an empty group with its committed offsets. Refused with {@code UNKNOWN_GROUP}, {@code GROUP_NOT_EMPTY}. */
    @DeleteExchange("/{group}")
    void delete(@PathVariable String group);

    /** @param state {@code EMPTY}, {@code ASSIGNING}, {@code RECONCILING} or {@code STABLE}, as KIP-848 */
    record GroupSummary(String group, String state, int members) {}

    /** @param assignor {@code range}, {@code roundrobin} or {@code sticky} */
    record GroupDescription(String group, String state, long epoch, String assignor, List<MemberDescription> members) {}

    /**
     * @param memberId   for HTTP consumers the instance's name
     * @param epoch      the member's epoch; commits carry it
     * @param topics     what it subscribed to, patterns resolved
     * @param partitions what it may read now
     */
    record MemberDescription(String memberId, long epoch, Set<String> topics, List<TopicPartition> partitions) {}
}
