package io.millrace.coordinator.group.runtime;

import static io.millrace.coordinator.group.runtime.RuntimeFixture.GROUP;
import static io.millrace.coordinator.group.runtime.RuntimeFixture.SESSION_TIMEOUT_MS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicPhase;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import io.millrace.coordinator.group.classic.ClassicReply;
import io.millrace.coordinator.group.classic.Opaque;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Classic groups in PostgreSQL, and those who wait in them. */
class ClassicGroupsTest {
    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final FixedImages images = new FixedImages();
    private RuntimeFixture first;
    private RuntimeFixture second;
    private RuntimeFixture.Term term;

    @BeforeEach
    void an_empty_group_at_the_first_of_two_coordinators() {
        images.topic("orders", 4);
        first = new RuntimeFixture(postgres, images);
        second = new RuntimeFixture(postgres, images);
        term = first.takeOver(1);
        first.create();
    }

    private static List<ClassicReply> ask(RuntimeFixture at, LongFunction<ClassicEvent> event) {
        var replies = new ArrayList<ClassicReply>();
        at.classic.ask(at.shards.of(GROUP), GROUP, event, replies::add);
        return replies;
    }

    private static List<ClassicReply> join(RuntimeFixture at, String memberId, String freshId) {
        var profile = new ClassicProfile(freshId.startsWith("static") ? "desk-1" : null, "client", "/host",
                SESSION_TIMEOUT_MS, 2 * SESSION_TIMEOUT_MS, "connect", List.of(new Protocol("eager", Opaque.of(
                        new byte[]{1, -2})), new Protocol("other", Opaque.EMPTY)));
        return ask(at, request -> new ClassicEvent.Join(request, memberId, freshId, profile, false, true));
    }

    private static List<ClassicReply> sync(RuntimeFixture at, String memberId, int generation,
            Map<String, Opaque> assignments) {
        return ask(at, request -> new ClassicEvent.Sync(request, new ClassicEvent.Sender(memberId, null), generation,
                null, null, assignments));
    }

    private static List<ClassicReply> beat(RuntimeFixture at, String memberId, int generation) {
        return ask(at, request -> new ClassicEvent.Heartbeat(request, new ClassicEvent.Sender(memberId, null),
                generation));
    }

    private void settled() {
        join(first, "", "static-a");
        join(first, "", "b");
        join(first, "static-a", "");
        sync(first, "b", 2, Map.of());
        sync(first, "static-a", 2, Map.of("static-a", Opaque.of(new byte[]{3}), "b", Opaque.of(new byte[]{4})));
        assertThat(classic(first).phase()).isEqualTo(new ClassicPhase.Stable(ClassicGroup.NEVER));
    }

    private static ClassicGroup classic(RuntimeFixture at) {
        return Objects.requireNonNull(at.runtime.findClassic(GROUP));
    }

    @Test
    void a_settled_group_is_the_same_at_the_next_coordinator_and_goes_on_there() {
        settled();
        ClassicGroup before = classic(first);

        term.held = false;
        second.takeOver(2);

        assertThat(beat(second, "b", 2)).containsExactly(new ClassicReply.Alive());
        assertThat(classic(second)).usingRecursiveComparison().ignoringFieldsMatchingRegexes(".*heardByMs").isEqualTo(
                before);
        assertThat(sync(second, "static-a", 2, Map.of())).containsExactly(new ClassicReply.Synced("connect", "eager",
                Opaque.of(new byte[]{3})));
        assertThat(second.registry.get("millrace.group.rebalances").counter().count()).isZero();
    }

    @Test
    void commits_are_fenced_by_the_generation_in_the_members_rows() {
        settled();
        assertThat(epochs()).containsExactly(2L, 2L);

        join(first, "", "c");
        assertThat(epochs()).as("while all join again").containsExactly(2L, 2L);
        join(first, "static-a", "");
        join(first, "b", "");

        assertThat(epochs()).containsExactly(3L, 3L, 3L);
        assertThat(first.runtime.find(GROUP).epoch()).isEqualTo(3);
    }

    private List<Long> epochs() {
        return postgres.direct().sql("select epoch from groups.member where group_id = :group").param("group", GROUP)
                .query(Long.class).list();
    }

    @Test
    void sessions_begin_anew_at_the_next_coordinator_though_nobody_asks_it() {
        settled();
        term.held = false;
        second.nowMs.set(1_000_000);
        second.takeOver(2);
        await().untilAsserted(() -> {
            second.expiry.tick(false);
            assertThat(classic(second).nextDeadlineMs()).isEqualTo(1_000_000 + SESSION_TIMEOUT_MS);
        });

        second.nowMs.addAndGet(SESSION_TIMEOUT_MS);

        await().untilAsserted(() -> {
            second.expiry.tick(false);
            assertThat(classic(second).isUnused()).isTrue();
            assertThat(epochs()).isEmpty();
        });
    }

    @Test
    void who_waits_is_told_once_when_what_it_waits_for_cannot_be_stored() {
        settled();
        List<ClassicReply> waiting = join(first, "", "c");
        List<ClassicReply> leader = join(first, "static-a", "");
        failToStore();

        List<ClassicReply> last = join(first, "b", "");

        var refused = new ClassicReply.Refused("", ClassicFault.COORDINATOR_NOT_AVAILABLE);
        assertThat(List.of(waiting, leader, last)).allSatisfy(replies -> assertThat(replies).containsExactly(refused));
        postgres.direct().sql("drop trigger failing on groups.member").update();
        assertThat(beat(first, "b", 2)).as("the group as it was stored").containsExactly(new ClassicReply.Alive());
    }

    @Test
    void members_that_died_while_the_outcome_of_a_write_was_unknown_are_expired_though_nobody_asks() {
        settled();
        join(first, "", "c");
        join(first, "static-a", "");
        failToStore();
        join(first, "b", "");
        postgres.direct().sql("drop trigger failing on groups.member").update();

        await().untilAsserted(() -> {
            first.nowMs.addAndGet(SESSION_TIMEOUT_MS);
            first.expiry.tick(false);
            assertThat(epochs()).isEmpty();
        });
    }

    @Test
    void an_id_that_is_given_out_and_not_used_leaves_nothing_of_a_classic_group() {
        var profile = new ClassicProfile(null, "client", "/host", SESSION_TIMEOUT_MS, SESSION_TIMEOUT_MS, "connect",
                List.of(new Protocol("eager", Opaque.EMPTY)));
        assertThat(ask(first, request -> new ClassicEvent.Join(request, "", "given", profile, true, true)))
                .containsExactly(new ClassicReply.Refused("given", ClassicFault.MEMBER_ID_REQUIRED));
        assertThat(first.runtime.findClassic(GROUP)).as("which is not stored").isNull();
        assertThat(first.runtime.list()).extracting(GroupRuntime.Listed::classic).containsOnlyNulls();
        double withId = held(first);

        first.nowMs.addAndGet(SESSION_TIMEOUT_MS);

        await().untilAsserted(() -> {
            first.expiry.tick(false);
            assertThat(held(first)).isLessThan(withId);
        });
        assertThat(ask(first, request -> new ClassicEvent.Join(request, "given", "", profile, true, true)))
                .containsExactly(new ClassicReply.Refused("given", ClassicFault.UNKNOWN_MEMBER_ID));
    }

    @Test
    void who_was_silent_and_who_was_late_to_join_are_counted_apart() {
        settled();
        join(first, "", "c");
        join(first, "b", "");
        ask(first, request -> new ClassicEvent.Leave(request, List.of(new ClassicEvent.Sender("static-a", null))));
        sync(first, classic(first).leaderId(), classic(first).generation(), Map.of());
        int generation = classic(first).generation();
        String follower = classic(first).leaderId().equals("b") ? "c" : "b";
        for (int i = 0; i < 2; i++) {
            first.nowMs.addAndGet(SESSION_TIMEOUT_MS - 1);
            beat(first, "b", generation);
            beat(first, "c", generation);
        }
        first.nowMs.addAndGet(2);
        await().untilAsserted(() -> {
            first.expiry.tick(false);
            assertThat(classic(first).members()).doesNotContainKey(follower);
        });
        assertThat(count("millrace.group.left.behind")).isEqualTo(1);
        assertThat(count("millrace.group.expiries")).isZero();

        first.nowMs.addAndGet(SESSION_TIMEOUT_MS);

        await().untilAsserted(() -> {
            first.expiry.tick(false);
            assertThat(count("millrace.group.expiries")).isEqualTo(1);
        });
        assertThat(count("millrace.group.left.behind")).isEqualTo(1);
    }

    @Test
    void a_group_that_has_come_back_to_its_members_protocol_is_joined_by_all_also_at_the_next_coordinator() {
        var metadata = ConsumerProtocol.serializeSubscription(new ConsumerPartitionAssignor.Subscription(List.of(
                "orders")));
        byte[] bytes = new byte[metadata.remaining()];
        metadata.get(bytes);
        var profile = new ClassicProfile(null, "client", "/host", SESSION_TIMEOUT_MS, SESSION_TIMEOUT_MS, "consumer",
                List.of(new Protocol("range", Opaque.of(bytes))));
        ask(first, request -> new ClassicEvent.Join(request, "", "classic", profile, false, true));
        sync(first, "classic", 1, Map.of());
        assertThat(first.join("http", "orders")).isInstanceOf(GroupReply.Granted.class);
        first.apply(new GroupEvent.Leave("http"));
        int generation = classic(first).generation();

        term.held = false;
        second.takeOver(2);

        assertThat(beat(second, "classic", generation)).containsExactly(new ClassicReply.Refused("classic",
                ClassicFault.REBALANCE_IN_PROGRESS));
        assertThat(ask(second, request -> new ClassicEvent.Join(request, "classic", "", profile, false, true)))
                .singleElement().isInstanceOfSatisfying(ClassicReply.Joined.class, joined -> assertThat(joined
                        .generation()).isEqualTo(generation + 1));
    }

    private double count(String counter) {
        return first.registry.get(counter).counter().count();
    }

    private double held(RuntimeFixture at) {
        return at.registry.get("millrace.group.memory").gauge().value();
    }

    @Test
    void groups_take_so_much_memory_together_and_give_it_back() {
        var small = new RuntimeFixture(postgres, images, 100, DataSize.ofKilobytes(2));
        RuntimeFixture.Term ofSmall = small.takeOver(2);
        double empty = held(small);
        assertThat(join(small, "", "a")).singleElement().isInstanceOf(ClassicReply.Joined.class);
        double ofOne = held(small) - empty;
        for (int i = 0; held(small) + ofOne <= 2048; i++) {
            join(small, "", "b" + i);
        }
        double full = held(small);
        List<String> members = List.copyOf(classic(small).members().keySet());

        assertThat(join(small, "", "one-more")).containsExactly(new ClassicReply.Refused("",
                ClassicFault.COORDINATOR_NOT_AVAILABLE));
        assertThat(small.registry.get("millrace.group.refusals").counter().count()).isEqualTo(1);
        assertThat(classic(small).members()).containsOnlyKeys(members);
        assertThat(held(small)).isEqualTo(full).isLessThanOrEqualTo(2048);
        ask(small, request -> new ClassicEvent.Leave(request, members.stream().map(id -> new ClassicEvent.Sender(id,
                null)).toList()));
        assertThat(held(small)).isEqualTo(empty);
        assertThat(join(small, "", "one-more")).singleElement().isInstanceOf(ClassicReply.Joined.class);
        ofSmall.held = false;
        small.shards.release(RuntimeFixture.SHARD);
        assertThat(held(small)).isZero();
    }

    @Test
    void a_shard_that_is_not_taken_after_all_takes_no_memory() {
        settled();
        second.shards.listen(new ShardListener() {
            @Override
            public void shardTaken(Shard shard, boolean nobodyBetween) {
                throw new IllegalStateException("not now");
            }
        });

        assertThatThrownBy(() -> second.takeOver(2)).hasMessage("not now");

        assertThat(held(second)).isZero();
    }

    @Test
    void members_of_the_other_protocol_count_to_the_same_account() {
        var small = new RuntimeFixture(postgres, images, 100, DataSize.ofBytes(700));
        small.takeOver(2);
        assertThat(small.join("a", "orders")).isInstanceOf(GroupReply.Granted.class);
        assertThat(small.join("b", "orders", "x".repeat(200))).isInstanceOfSatisfying(GroupReply.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.COORDINATOR_FULL));
        assertThat(small.runtime.find(GROUP).members()).containsOnlyKeys("a");
    }

    private void failToStore() {
        postgres.direct().sql("""
                create or replace function groups.fail() returns trigger language plpgsql
                as $$ begin raise exception 'not now'; end $$
                """).update();
        postgres.direct().sql("""
                create trigger failing before insert or update on groups.member for each row execute function groups.fail()
                """).update();
    }

    @Test
    void who_waits_is_sent_on_when_the_shard_is_left_in_order() {
        settled();
        List<ClassicReply> waiting = join(first, "", "c");

        first.shards.leave(RuntimeFixture.SHARD);

        assertThat(waiting).containsExactly(new ClassicReply.Refused("", ClassicFault.NOT_COORDINATOR));
    }

    @Test
    void an_empty_group_takes_the_type_of_whoever_joins_and_its_epochs_go_on() {
        settled();
        assertThat(first.join("http", "orders")).isInstanceOfSatisfying(GroupReply.Refused.class, refused -> assertThat(
                refused.code()).isEqualTo(ErrorCode.SUBSCRIPTION_CONFLICT));
        ask(first, request -> new ClassicEvent.Leave(request, List.of(new ClassicEvent.Sender("static-a", null),
                new ClassicEvent.Sender("b", null))));
        assertThat(classic(first).generation()).isEqualTo(3);

        assertThat(first.join("http", "orders")).isInstanceOfSatisfying(GroupReply.Granted.class,
                granted -> assertThat(granted.memberEpoch()).isEqualTo(4));

        assertThat(first.runtime.findClassic(GROUP)).isNull();
        term.held = false;
        second.takeOver(2);
        assertThat(second.runtime.findClassic(GROUP)).isNull();
        assertThat(second.runtime.find(GROUP).members()).containsOnlyKeys("http");
        second.apply(new GroupEvent.Leave("http"));
        assertThat(join(second, "", "d")).singleElement().isInstanceOfSatisfying(ClassicReply.Joined.class,
                joined -> assertThat(joined.generation()).isEqualTo(6));
    }
}
