package io.millrace.gateway.groups;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.TopicPartition;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers. */
final class GroupBodies {
    private GroupBodies() {}

    @Schema(name = "Group")
    record ListedGroup(
            @JsonProperty("group_id") @Schema(example = "shipping") String groupId,
            @Schema(example = "STABLE", allowableValues = {"EMPTY", "ASSIGNING", "RECONCILING", "STABLE"}) String state,
            @Schema(example = "1") int members){}

    @Schema(name = "GroupDescription")
    record DescribedGroup(
            @JsonProperty("group_id") @Schema(example = "shipping") String groupId,
            @Schema(example = "STABLE") String state,
            @Schema(example = "4") long epoch,
            @Schema(example = "sticky") String assignor,
            List<DescribedMember> members) {
        static DescribedGroup of(GroupsApi.GroupDescription group) {
            return new DescribedGroup(group.group(), group.state(), group.epoch(), group.assignor(),
                    group.members().stream().map(DescribedMember::of).toList());
        }
    }

    @Schema(name = "GroupMember")
    record DescribedMember(
            @JsonProperty("member_id") @Schema(example = "c1") String memberId,
            @Schema(example = "4") long epoch,
            @Schema(example = "[\"orders\"]") Collection<String> topics,
            List<TopicPartition> partitions) {
        static DescribedMember of(GroupsApi.MemberDescription member) {
            return new DescribedMember(member.memberId(), member.epoch(), member.topics().stream().sorted().toList(),
                    member.partitions().stream().sorted().toList());
        }
    }

    @Schema(name = "GroupLag")
    record Lag(
            @JsonProperty("group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("total_lag") @Schema(example = "8", description = "Of the partitions with a committed offset") long totalLag,
            List<PartitionLag> partitions) {
        static Lag of(String group, List<GroupLags.PartitionLag> lags) {
            return new Lag(group, lags.stream().mapToLong(each -> each.lag() instanceof Long lag ? lag : 0).sum(), lags
                    .stream().map(each -> new PartitionLag(each.partition().topic(), each.partition().partition(), each
                            .committedOffset(), each.endOffset(), each.lag(), each.memberId())).toList());
        }
    }

    /** @param committedOffset the next to read; null without a commit, and then there is no lag to tell */
    @Schema(name = "PartitionLag")
    record PartitionLag(
            @Schema(example = "orders") String topic,
            @Schema(example = "0") int partition,
            @JsonProperty("committed_offset") @Schema(example = "42") @Nullable Long committedOffset,
            @JsonProperty("end_offset") @Schema(example = "50") long endOffset,
            @Schema(example = "8") @Nullable Long lag,
            @JsonProperty("member_id") @Schema(example = "c1", description = "Who reads it now") @Nullable String memberId) {}

    /**
     * @param value      the offset, the time in milliseconds since 1970, or the signed shift
     * @param partitions null: every partition the group has committed
     */
    @Schema(name = "ResetOffsets", example = "{\"to\": \"earliest\"}")
    record ResetOffsets(
            @Schema(example = "earliest", allowableValues = {"earliest", "latest", "offset", "timestamp",
                    "shift"}) @Nullable String to,
            @Schema(description = "The offset, the time in milliseconds since 1970, or the signed shift") @Nullable Long value,
            @Nullable List<TopicPartition> partitions){}

    @Schema(name = "GroupOffsets")
    record Offsets(List<Offset> offsets) {}

    @Schema(name = "GroupOffset")
    record Offset(
            @Schema(example = "orders") String topic,
            @Schema(example = "0") int partition,
            @Schema(example = "0", description = "The next offset to read") long offset) {}
}
