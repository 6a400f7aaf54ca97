package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.DescribeGroupsResponse;
import org.apache.kafka.common.requests.ListGroupsResponse;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every request that is advertised is answered in each of its versions, as one can tell by reading the answer. */
@ResourceLock(ListeningCoordinator.ALONE)
class EveryVersionTest {
    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    @AutoClose
    private final WireClient client = new WireClient(coordinator.address());
    private final String group = "versions-" + UUID.randomUUID();

    static Stream<ApiKeys> keys() {
        return CoordinatorApis.SUPPORTED.keys().stream().filter(key -> key != ApiKeys.API_VERSIONS);
    }

    @ParameterizedTest
    @MethodSource("keys")
    void every_version_is_answered_without_a_fault_of_ours(ApiKeys key) {
        join();
        for (short version = key.oldestVersion(); version <= key.latestVersion(); version++) {
            if (CoordinatorApis.SUPPORTED.accepts(key, version)) {
                AbstractResponse answer = send(key, version, AbstractResponse.class);
                assertThat(answer.apiKey()).as("%s %d", key, version).isEqualTo(key);
                assertThat(answer.errorCounts()).as("%s %d", key, version).doesNotContainKey(
                        Errors.UNKNOWN_SERVER_ERROR);
            }
        }
    }

    private <R extends AbstractResponse> R send(ApiKeys key, int asked, Class<R> answer) {
        return client.send(key, asked, version -> parsed(key, version, Requests.of(key, version, group, orders())),
                answer);
    }

    private Uuid orders() {
        return coordinator.images.current().topic("orders").id();
    }

    private static AbstractRequest parsed(ApiKeys key, short version, ApiMessage body) {
        var bytes = MessageUtil.toByteBufferAccessor(body, version);
        return AbstractRequest.parseRequest(key, version, bytes).request;
    }

    private void join() {
        client.send(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1, version -> parsed(ApiKeys.CONSUMER_GROUP_HEARTBEAT, version,
                Requests.of(ApiKeys.CONSUMER_GROUP_HEARTBEAT, version, group, orders())), AbstractResponse.class);
    }

    @Test
    void older_clients_see_groups_in_the_words_that_they_know() {
        for (int version = 0; version <= 6; version++) {
            var unknown = send(ApiKeys.DESCRIBE_GROUPS, version, DescribeGroupsResponse.class).data().groups()
                    .getFirst();
            assertThat(Errors.forCode(unknown.errorCode())).isEqualTo(version < 6 ? Errors.NONE
                    : Errors.GROUP_ID_NOT_FOUND);
            assertThat(unknown.groupState()).isEqualTo(version < 6 ? "Dead" : "");
        }
        join();
        for (int version = 0; version <= 6; version++) {
            var described = send(ApiKeys.DESCRIBE_GROUPS, version, DescribeGroupsResponse.class).data().groups()
                    .getFirst();
            assertThat(described.groupState()).isEqualTo("Stable");
            assertThat(described.members()).singleElement().satisfies(member -> assertThat(member.clientId()).isEqualTo(
                    "wire-test"));
        }
        for (int version = 0; version <= 5; version++) {
            assertThat(send(ApiKeys.LIST_GROUPS, version, ListGroupsResponse.class).data().groups()).extracting(
                    listed -> listed.groupId()).containsOnlyOnce(group);
        }
    }

    @Test
    void groups_are_listed_by_state_and_type() {
        join();
        assertThat(listed(List.of("stable"), List.of("Consumer"))).contains(group);
        assertThat(listed(List.of("Empty"), List.of())).doesNotContain(group);
        assertThat(listed(List.of(), List.of("classic"))).doesNotContain(group);
    }

    private List<String> listed(List<String> states, List<String> types) {
        return client.send(ApiKeys.LIST_GROUPS, 5, version -> parsed(ApiKeys.LIST_GROUPS, version,
                new ListGroupsRequestData().setStatesFilter(states).setTypesFilter(types)), ListGroupsResponse.class)
                .data().groups().stream().map(listed -> listed.groupId()).toList();
    }
}
