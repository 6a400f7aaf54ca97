package io.millrace.broker.listener;

import java.util.List;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;

/** What a coordinator is asked, with little in it but a group where there is one to name. */
final class GroupRequests {
    private GroupRequests() {}

    static AbstractRequest of(ApiKeys key, short version) {
        ApiMessage message = key.messageType.newRequest();
        switch (message) {
            case OffsetFetchRequestData fetch when version >= 8 -> fetch.setGroups(List.of(
                    new OffsetFetchRequestGroup().setGroupId("group").setTopics(null)));
            case OffsetFetchRequestData fetch -> fetch.setTopics(version >= 2 ? null : List.of());
            case DescribeGroupsRequestData describe -> describe.setGroups(List.of("group"));
            case DeleteGroupsRequestData delete -> delete.setGroupsNames(List.of("group"));
            case ConsumerGroupDescribeRequestData describe -> describe.setGroupIds(List.of("group"));
            case OffsetCommitRequestData commit -> commit.setTopics(List.of(new OffsetCommitRequestTopic().setName(
                    "topic").setPartitions(List.of(new OffsetCommitRequestPartition()))));
            default -> {}
        }
        return AbstractRequest.parseRequest(key, version, MessageUtil.toByteBufferAccessor(message, version)).request;
    }
}
