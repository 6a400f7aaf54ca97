package io.millrace.coordinator.group.classic;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.classic.ClassicMember.Awaits;
import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Kafka's rules of a classic group, one by one. */
class ClassicMachineTest {
    private static final int SESSION_MS = 10_000;
    private static final int REBALANCE_MS = 30_000;
    private static final int MAX_MEMBERS = 4;
    private static final int NEW_MEMBER_MS = 20_000;
    private static final int LONG_MS = 60_000;
    private static final int MAX_BYTES = 100;

    private final Map<Long, ClassicReply> replies = new HashMap<>();
    private ClassicMachine machine = new ClassicMachine(limits(0));
    private ClassicGroup group = ClassicGroup.empty("billing", 7);
    private boolean stored;
    private long nowMs;
    private long requests;

    private static ClassicLimits limits(int initialDelayMs) {
        return new ClassicLimits(MAX_MEMBERS, 3, MAX_BYTES, MAX_BYTES, 10_000, 1_000, LONG_MS, LONG_MS,
                initialDelayMs);
    }

    private static ClassicLimits groupLimits(long maxGroupBytes) {
        return new ClassicLimits(MAX_MEMBERS, 3, MAX_BYTES, MAX_BYTES, maxGroupBytes, 1_000, LONG_MS, LONG_MS, 0);
    }

    private static ClassicMachine impatientWithNewMembers() {
        return new ClassicMachine(new ClassicLimits(MAX_MEMBERS, 3, MAX_BYTES, MAX_BYTES, 10_000, 1_000, LONG_MS,
                NEW_MEMBER_MS, 0));
    }

    private static Opaque bytes(String text) {
        return Opaque.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ClassicProfile profile(@Nullable String instanceId, String... protocols) {
        var known = new ArrayList<Protocol>();
        for (String protocol : protocols) {
            known.add(new Protocol(protocol, bytes("wants " + protocol)));
        }
        return new ClassicProfile(instanceId, "client", "/host", SESSION_MS, REBALANCE_MS, "test", known);
    }

    private long apply(ClassicEvent event) {
        ClassicMachine.Step step = machine.apply(group, event, nowMs);
        group = step.group();
        stored = step.mustBeStored();
        step.answers().forEach(answer -> assertThat(replies.put(answer.request(), answer.reply())).isNull());
        return requests;
    }

    private long join(String memberId, ClassicProfile profile, boolean idRequired) {
        requests++;
        return apply(new ClassicEvent.Join(requests, memberId, "id-" + requests, profile, idRequired, true));
    }

    private long join(String memberId) {
        return join(memberId, profile(null, "range"), false);
    }

    private long sync(String memberId, int generation, Map<String, Opaque> assignments) {
        requests++;
        return apply(new ClassicEvent.Sync(requests, new ClassicEvent.Sender(memberId, null), generation, null, null,
                assignments));
    }

    private long beat(String memberId, @Nullable String instanceId, int generation) {
        requests++;
        return apply(new ClassicEvent.Heartbeat(requests, new ClassicEvent.Sender(memberId, instanceId), generation));
    }

    private long leave(ClassicEvent.Sender... leavers) {
        requests++;
        return apply(new ClassicEvent.Leave(requests, List.of(leavers)));
    }

    private void pass(long timeMs) {
        nowMs += timeMs;
        apply(new ClassicEvent.Tick());
    }

    private ClassicReply.Joined joined(long request) {
        return (ClassicReply.Joined) replies.get(request);
    }

    private ClassicFault refused(long request) {
        return ((ClassicReply.Refused) replies.get(request)).fault();
    }

    private boolean waits(long request) {
        return !replies.containsKey(request);
    }

    /** A group in a settled generation; the first of the ids leads. */
    private List<String> settled(int members) {
        var joining = new ArrayList<Long>();
        var ids = new ArrayList<String>();
        String first = joined(join("")).memberId();
        sync(first, group.generation(), Map.of(first, bytes("all")));
        ids.add(first);
        for (int i = 1; i < members; i++) {
            joining.add(join(""));
            ids.add("id-" + requests);
        }
        if (members > 1) {
            joining.add(join(first));
            assertThat(joining).noneMatch(this::waits);
            var assignments = new HashMap<String, Opaque>();
            ids.forEach(id -> assignments.put(id, bytes("of " + id)));
            sync(first, group.generation(), assignments);
            ids.stream().skip(1).forEach(id -> sync(id, group.generation(), Map.of()));
        }
        assertThat(group.phase()).isEqualTo(new ClassicPhase.Stable(ClassicGroup.NEVER));
        assertThat(group.leaderId()).isEqualTo(first);
        return ids;
    }

    @Test
    void a_new_member_is_given_an_id_first_and_joins_with_it() {
        long asked = join("", profile(null, "range"), true);
        assertThat(replies.get(asked)).isEqualTo(new ClassicReply.Refused("id-1", ClassicFault.MEMBER_ID_REQUIRED));
        assertThat(group.isEmpty()).isTrue();
        assertThat(stored).isFalse();

        long joined = join("id-1", profile(null, "range"), true);

        assertThat(joined(joined)).isEqualTo(new ClassicReply.Joined("id-1", 8, "test", "range", "id-1", false, List.of(
                new ClassicReply.JoinedMember("id-1", null, bytes("wants range")))));
        assertThat(stored).isTrue();
    }

    @Test
    void an_id_that_was_not_given_out_or_not_used_in_time_is_unknown() {
        assertThat(refused(join("made-up"))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
        join("", profile(null, "range"), true);
        pass(SESSION_MS);
        assertThat(group.isUnused()).isTrue();
        assertThat(refused(join("id-2"))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
    }

    @Test
    void the_first_generation_waits_for_others_as_long_as_they_come() {
        machine = new ClassicMachine(limits(3_000));
        long first = join("");
        pass(2_000);
        long second = join("");
        pass(1_000);
        assertThat(waits(first)).isTrue();

        pass(3_000);

        assertThat(joined(first).generation()).isEqualTo(8);
        assertThat(joined(first).members()).hasSize(2);
        assertThat(joined(second).members()).isEmpty();
    }

    @Test
    void those_who_came_while_the_first_generation_waited_and_went_again_leave_an_empty_group() {
        machine = new ClassicMachine(limits(3_000));
        long first = join("");

        leave(new ClassicEvent.Sender("id-1", null));

        assertThat(refused(first)).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
        assertThat(group.isEmpty()).isTrue();
    }

    @Test
    void the_leaders_assignment_is_told_to_each_and_stored_before() {
        String first = joined(join("")).memberId();
        long second = join("");
        String other = "id-" + second;
        join(first);
        assertThat(waits(sync(other, 9, Map.of()))).isTrue();
        assertThat(stored).isFalse();

        long leader = sync(first, 9, Map.of(first, bytes("0"), other, bytes("1")));

        assertThat(stored).isTrue();
        assertThat(replies.get(leader)).isEqualTo(new ClassicReply.Synced("test", "range", bytes("0")));
        assertThat(replies.get(leader - 1)).isEqualTo(new ClassicReply.Synced("test", "range", bytes("1")));
        assertThat(group.phase()).isEqualTo(new ClassicPhase.Stable(ClassicGroup.NEVER));
        assertThat(replies.get(sync(other, 9, Map.of()))).isEqualTo(new ClassicReply.Synced("test", "range", bytes(
                "1")));
    }

    @Test
    void the_protocol_is_the_one_that_most_like_best_of_those_that_all_know() {
        join("", profile(null, "sticky", "range", "roundrobin"), false);
        join("", profile(null, "roundrobin", "range"), false);
        join("", profile(null, "roundrobin", "range", "sticky"), false);
        long again = join("id-1", profile(null, "sticky", "range", "roundrobin"), false);

        assertThat(joined(again).protocolName()).isEqualTo("roundrobin");
        assertThat(joined(again).members()).extracting(ClassicReply.JoinedMember::metadata).containsOnly(bytes(
                "wants roundrobin"));
    }

    @Test
    void who_has_no_protocol_in_common_is_not_let_in() {
        settled(1);
        assertThat(refused(join("", profile(null, "other"), false))).isEqualTo(
                ClassicFault.INCONSISTENT_GROUP_PROTOCOL);
        assertThat(refused(join("", profile(null), false))).isEqualTo(ClassicFault.INCONSISTENT_GROUP_PROTOCOL);
        var connect = new ClassicProfile(null, "client", "/host", SESSION_MS, REBALANCE_MS, "connect", List.of(
                new Protocol("range", Opaque.EMPTY)));
        assertThat(refused(join("", connect, false))).isEqualTo(ClassicFault.INCONSISTENT_GROUP_PROTOCOL);
        assertThat(group.members()).hasSize(1);
    }

    @Test
    void a_follower_that_joins_again_with_nothing_new_is_told_the_present_generation() {
        List<String> ids = settled(2);
        int generation = group.generation();

        long again = join(ids.get(1));

        assertThat(joined(again).generation()).isEqualTo(generation);
        assertThat(joined(again).members()).isEmpty();
        assertThat(group.isAssigned()).isTrue();
    }

    @Test
    void a_leader_that_joins_again_makes_the_group_rebalance_and_so_does_a_follower_with_other_metadata() {
        List<String> ids = settled(2);
        int generation = group.generation();
        long leader = join(ids.get(0));
        assertThat(waits(leader)).isTrue();
        assertThat(refused(beat(ids.get(1), null, generation))).isEqualTo(ClassicFault.REBALANCE_IN_PROGRESS);
        assertThat(refused(sync(ids.get(1), generation, Map.of()))).isEqualTo(ClassicFault.REBALANCE_IN_PROGRESS);
        join(ids.get(1));
        assertThat(joined(leader).generation()).isEqualTo(generation + 1);
        sync(ids.get(0), generation + 1, Map.of());

        long follower = join(ids.get(1), profile(null, "range", "sticky"), false);

        assertThat(waits(follower)).isTrue();
        assertThat(group.phase()).isInstanceOf(ClassicPhase.PreparingRebalance.class);
    }

    @Test
    void a_member_that_did_not_hear_that_the_generation_began_is_told_again() {
        String first = joined(join("")).memberId();

        long again = join(first);

        assertThat(joined(again).generation()).isEqualTo(8);
        assertThat(joined(again).members()).hasSize(1);
    }

    @Test
    void a_member_that_comes_while_others_wait_for_their_assignment_sends_them_to_join_again() {
        String first = joined(join("")).memberId();
        join("");
        String second = "id-" + requests;
        join(first);
        long waiting = sync(second, 9, Map.of());

        join("");

        assertThat(refused(waiting)).isEqualTo(ClassicFault.REBALANCE_IN_PROGRESS);
    }

    @Test
    void a_generation_that_is_over_is_refused() {
        List<String> ids = settled(2);
        int over = group.generation() - 1;
        assertThat(refused(beat(ids.get(0), null, over))).isEqualTo(ClassicFault.ILLEGAL_GENERATION);
        assertThat(refused(sync(ids.get(0), over, Map.of(ids.get(0), bytes("mine"))))).isEqualTo(
                ClassicFault.ILLEGAL_GENERATION);
        assertThat(refused(beat("nobody", null, over))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
    }

    @Test
    void who_is_silent_for_its_session_is_removed_and_the_others_rebalance() {
        List<String> ids = settled(2);
        pass(SESSION_MS - 1);
        beat(ids.get(0), null, group.generation());

        pass(1);

        assertThat(group.members()).containsOnlyKeys(ids.get(0));
        assertThat(refused(beat(ids.get(0), null, group.generation()))).isEqualTo(
                ClassicFault.REBALANCE_IN_PROGRESS);
        assertThat(joined(join(ids.get(0))).members()).hasSize(1);
    }

    private long commit(String memberId, int generation) {
        requests++;
        return apply(new ClassicEvent.Commit(requests, new ClassicEvent.Sender(memberId, null), generation));
    }

    @Test
    void a_commit_is_a_sign_of_life_also_while_all_join_again_and_is_not_stored() {
        List<String> ids = settled(2);
        for (int i = 0; i < 3; i++) {
            pass(SESSION_MS - 1);
            ids.forEach(id -> assertThat(replies.get(commit(id, group.generation()))).isEqualTo(
                    new ClassicReply.Alive()));
            assertThat(stored).isFalse();
        }
        join(ids.get(0));
        pass(SESSION_MS - 1);
        commit(ids.get(1), group.generation());
        pass(SESSION_MS - 1);

        assertThat(group.members()).containsOnlyKeys(ids);
    }

    @Test
    void who_may_not_commit_is_not_kept_alive_by_trying() {
        List<String> ids = settled(2);
        pass(SESSION_MS - 1);
        assertThat(refused(commit(ids.get(0), group.generation() - 1))).isEqualTo(ClassicFault.ILLEGAL_GENERATION);
        assertThat(refused(commit("nobody", group.generation()))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
        assertThat(refused(commit("", -1))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);

        pass(1);

        assertThat(group.members()).isEmpty();
        assertThat(replies.get(commit("", -1))).isEqualTo(new ClassicReply.Alive());
    }

    @Test
    void who_does_not_join_again_within_the_rebalances_time_is_left_behind() {
        List<String> ids = settled(2);
        long joining = join("");
        join(ids.get(0));
        for (int i = 0; i < REBALANCE_MS; i += SESSION_MS / 2) {
            beat(ids.get(1), null, group.generation());
            pass(SESSION_MS / 2);
        }

        assertThat(joined(joining).generation()).isEqualTo(group.generation());
        assertThat(group.members()).doesNotContainKey(ids.get(1)).hasSize(2);
        assertThat(refused(beat(ids.get(1), null, group.generation()))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
    }

    @Test
    void a_new_member_that_waits_for_too_long_is_taken_for_dead_and_one_that_was_in_a_generation_is_not() {
        machine = impatientWithNewMembers();
        List<String> ids = settled(2);
        long newcomer = join("");
        long known = join(ids.get(0));
        for (int i = 0; i < NEW_MEMBER_MS; i += SESSION_MS / 2) {
            assertThat(waits(newcomer)).isTrue();
            beat(ids.get(1), null, group.generation());
            pass(SESSION_MS / 2);
        }

        assertThat(refused(newcomer)).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
        assertThat(waits(known)).isTrue();
        join(ids.get(1));
        assertThat(joined(known).members()).hasSize(2);
        pass(SESSION_MS - 1);
        assertThat(group.members()).containsOnlyKeys(ids);
    }

    @Test
    void a_new_member_has_its_time_anew_after_the_coordinator_stood_still() {
        machine = impatientWithNewMembers();
        settled(1);
        long newcomer = join("");
        nowMs += NEW_MEMBER_MS;

        apply(new ClassicEvent.Restart());
        pass(SESSION_MS - 1);

        assertThat(waits(newcomer)).isTrue();
    }

    @Test
    void who_never_asks_for_its_assignment_is_removed_though_it_heartbeats() {
        String first = joined(join("")).memberId();
        join("");
        String second = "id-" + requests;
        join(first);
        sync(first, 9, Map.of());
        for (int i = 0; i < REBALANCE_MS; i += SESSION_MS / 2) {
            beat(first, null, 9);
            beat(second, null, 9);
            pass(SESSION_MS / 2);
        }

        assertThat(group.members()).containsOnlyKeys(first);
    }

    @Test
    void the_last_that_leaves_leaves_an_empty_group_of_the_next_generation() {
        String only = settled(1).getFirst();

        long left = leave(new ClassicEvent.Sender(only, null));

        assertThat(replies.get(left)).isEqualTo(new ClassicReply.Left(List.of(new ClassicReply.Leaver(
                new ClassicEvent.Sender(only, null), null))));
        assertThat(group.isUnused()).isTrue();
        assertThat(group.generation()).isEqualTo(9);
        assertThat(stored).isTrue();
    }

    @Test
    void many_leave_at_once_by_id_or_by_instance_and_each_is_answered() {
        List<String> ids = settled(2);
        join("", profile("desk-1", "range"), false);
        var nobody = new ClassicEvent.Sender("nobody", null);
        var desk = new ClassicEvent.Sender("", "desk-1");
        var second = new ClassicEvent.Sender(ids.get(1), null);
        var wrong = new ClassicEvent.Sender("", "desk-2");

        long left = leave(nobody, desk, second, wrong);

        assertThat(((ClassicReply.Left) replies.get(left)).leavers()).extracting(ClassicReply.Leaver::fault)
                .containsExactly(ClassicFault.UNKNOWN_MEMBER_ID, null, null, ClassicFault.UNKNOWN_MEMBER_ID);
        assertThat(group.members()).containsOnlyKeys(ids.get(0));
    }

    @Test
    void no_more_leave_at_once_than_a_group_has_members() {
        List<String> ids = settled(1);
        var leaver = new ClassicEvent.Sender(ids.get(0), null);

        long left = leave(leaver, leaver, leaver, leaver, leaver);

        assertThat(replies.get(left)).isEqualTo(new ClassicReply.Refused("", ClassicFault.INVALID_REQUEST));
        assertThat(group.members()).containsOnlyKeys(ids);
    }

    @Test
    void a_static_member_that_restarts_has_its_assignment_without_a_rebalance_and_the_old_id_is_fenced() {
        String old = joined(join("", profile("desk-1", "range"), true)).memberId();
        sync(old, 8, Map.of(old, bytes("all")));

        long again = join("", profile("desk-1", "range"), true);

        assertThat(stored).isTrue();
        String id = "id-" + again;
        assertThat(joined(again)).isEqualTo(new ClassicReply.Joined(id, 8, "test", "range", id, true, List.of(
                new ClassicReply.JoinedMember(id, "desk-1", bytes("wants range")))));
        assertThat(refused(beat(old, "desk-1", 8))).isEqualTo(ClassicFault.FENCED_INSTANCE_ID);
        assertThat(refused(beat(old, null, 8))).isEqualTo(ClassicFault.UNKNOWN_MEMBER_ID);
        assertThat(replies.get(sync(id, 8, Map.of()))).isEqualTo(new ClassicReply.Synced("test", "range", bytes(
                "all")));
    }

    @Test
    void a_static_leader_that_cannot_skip_takes_itself_for_a_follower() {
        String old = joined(join("", profile("desk-1", "range"), true)).memberId();
        sync(old, 8, Map.of(old, bytes("all")));
        requests++;

        apply(new ClassicEvent.Join(requests, "", "new", profile("desk-1", "range"), true, false));

        assertThat(joined(requests)).isEqualTo(new ClassicReply.Joined("new", 8, "test", "range", old, false, List
                .of()));
    }

    @Test
    void a_static_member_that_restarts_with_another_subscription_makes_the_group_rebalance() {
        String old = joined(join("", consumer("desk-1", "orders"), true)).memberId();
        sync(old, 8, Map.of());
        assertThat(joined(join("", consumer("desk-1", "orders"), true)).generation()).isEqualTo(8);

        assertThat(joined(join("", consumer("desk-1", "orders", "returns"), true)).generation()).isEqualTo(9);
    }

    private static ClassicProfile consumer(String instanceId, String... topics) {
        var metadata = ConsumerProtocol.serializeSubscription(new Subscription(List.of(topics)));
        byte[] bytes = new byte[metadata.remaining()];
        metadata.get(bytes);
        return new ClassicProfile(instanceId, "client", "/host", SESSION_MS, REBALANCE_MS,
                ConsumerMetadata.PROTOCOL_TYPE, List.of(new Protocol("range", Opaque.of(bytes))));
    }

    @Test
    void a_static_member_that_restarts_while_all_join_fences_the_one_that_waits() {
        machine = new ClassicMachine(limits(3_000));
        long old = join("", profile("desk-1", "range"), true);
        long again = join("", profile("desk-1", "range"), true);

        assertThat(refused(old)).isEqualTo(ClassicFault.FENCED_INSTANCE_ID);
        pass(3_000);
        assertThat(joined(again).members()).hasSize(1);
    }

    @Test
    void a_full_group_takes_nobody_more_and_forgets_nobody() {
        List<String> ids = settled(MAX_MEMBERS);

        long more = join("");

        assertThat(replies.get(more)).isEqualTo(new ClassicReply.Refused("", ClassicFault.GROUP_MAX_SIZE_REACHED));
        assertThat(group.members()).hasSize(MAX_MEMBERS);
        assertThat(replies.get(beat(ids.get(2), null, group.generation()))).isEqualTo(new ClassicReply.Alive());
    }

    @Test
    void ids_are_given_out_within_the_same_limit() {
        for (int i = 0; i < MAX_MEMBERS; i++) {
            join("", profile(null, "range"), true);
        }
        assertThat(refused(join("", profile(null, "range"), true))).isEqualTo(ClassicFault.GROUP_MAX_SIZE_REACHED);
    }

    @Test
    void sessions_and_bytes_have_their_limits() {
        var hasty = new ClassicProfile(null, "client", "/host", 999, REBALANCE_MS, "test", profile(null, "range")
                .protocols());
        assertThat(refused(join("", hasty, false))).isEqualTo(ClassicFault.INVALID_SESSION_TIMEOUT);
        assertThat(refused(join("", profile(null, "x".repeat(MAX_BYTES)), false))).isEqualTo(
                ClassicFault.INVALID_REQUEST);
        String first = joined(join("")).memberId();
        assertThat(refused(sync(first, 8, Map.of(first, Opaque.of(new byte[MAX_BYTES + 1]))))).isEqualTo(
                ClassicFault.INVALID_REQUEST);
    }

    @Test
    void a_member_knows_so_many_protocols_at_most() {
        assertThat(refused(join("", profile(null, "a", "b", "c", "d"), false))).isEqualTo(ClassicFault.INVALID_REQUEST);
    }

    @Test
    void a_group_takes_nobody_more_whose_metadata_it_cannot_hold_and_forgets_nobody() {
        List<String> ids = settled(2);
        machine = new ClassicMachine(groupLimits(group.heldBytes() + 100));

        assertThat(replies.get(join(""))).isEqualTo(new ClassicReply.Refused("", ClassicFault.GROUP_MAX_SIZE_REACHED));
        assertThat(group.members()).containsOnlyKeys(ids);
        assertThat(waits(join(ids.get(0)))).as("who says what it said").isTrue();
    }

    @Test
    void small_things_count_with_what_is_around_them() {
        long bare = profile(null).heldBytes();
        assertThat(profile(null, "a", "b", "c").heldBytes() - bare).isGreaterThan(3 * HeldBytes.OBJECT);
        join("", profile(null, "range"), true);
        assertThat(group.heldBytes()).as("an id that was given out").isGreaterThan(HeldBytes.OBJECT);
    }

    @Test
    void assignments_that_the_group_cannot_hold_are_refused() {
        String first = joined(join("")).memberId();
        machine = new ClassicMachine(groupLimits(group.heldBytes() + 10));
        assertThat(refused(sync(first, 8, Map.of(first, Opaque.of(new byte[11]))))).isEqualTo(
                ClassicFault.INVALID_REQUEST);
        assertThat(replies.get(sync(first, 8, Map.of(first, Opaque.of(new byte[10]))))).isInstanceOf(
                ClassicReply.Synced.class);
    }

    @Test
    void a_connections_end_takes_back_what_it_waited_for() {
        machine = new ClassicMachine(limits(3_000));
        join("", profile(null, "range"), false);
        long named = join("", profile("desk-1", "range"), false);

        apply(new ClassicEvent.Disconnect(1));
        apply(new ClassicEvent.Disconnect(named));

        assertThat(group.members()).as("one without an id can never come back").containsOnlyKeys("id-2");
        assertThat(group.member("id-2").awaits()).isEqualTo(new Awaits.Unheard());
        nowMs += SESSION_MS;
        machine = new ClassicMachine(limits(SESSION_MS + 1));
        apply(new ClassicEvent.Tick());
        assertThat(group.isEmpty()).isTrue();
        assertThat(replies).isEmpty();
    }

    @Test
    void a_member_whose_connection_ends_while_it_waits_counts_as_joined_and_the_others_go_on() {
        List<String> ids = settled(3);
        long dying = join(ids.get(0));
        join(ids.get(1));

        apply(new ClassicEvent.Disconnect(dying));
        long last = join(ids.get(2));

        assertThat(joined(last).generation()).isEqualTo(group.generation());
        assertThat(group.members()).containsOnlyKeys(ids);
        assertThat(group.leaderId()).as("one that listens").isEqualTo(ids.get(1));
        assertThat(waits(dying)).isTrue();
        pass(SESSION_MS - 1);
        beat(ids.get(1), null, group.generation());
        beat(ids.get(2), null, group.generation());
        pass(1);
        assertThat(group.members()).as("its session runs from the generation's beginning").containsOnlyKeys(ids.get(1),
                ids.get(2));
    }

    @Test
    void a_member_whose_connection_ended_while_it_waited_finds_back_into_the_generation_that_began_since() {
        machine = new ClassicMachine(limits(3_000));
        long first = join("", profile("desk-1", "range"), false);
        apply(new ClassicEvent.Disconnect(first));
        pass(2_000);
        beat("id-1", "desk-1", 7);
        pass(1_000);
        assertThat(group.generation()).isEqualTo(8);

        long again = join("id-1", profile("desk-1", "range"), false);

        assertThat(joined(again)).isEqualTo(new ClassicReply.Joined("id-1", 8, "test", "range", "id-1", false, List.of(
                new ClassicReply.JoinedMember("id-1", "desk-1", bytes("wants range")))));
    }

    @Test
    void the_wait_for_a_first_generation_begins_anew_after_the_coordinator_stood_still() {
        machine = new ClassicMachine(limits(3_000));
        long first = join("");
        nowMs += 5_000;

        apply(new ClassicEvent.Restart());
        pass(2_999);

        assertThat(waits(first)).isTrue();
        pass(1);
        assertThat(joined(first).generation()).isEqualTo(8);
    }

    @Test
    void a_second_join_of_a_member_ends_the_first() {
        List<String> ids = settled(2);
        long first = join(ids.get(0));

        long second = join(ids.get(0));

        assertThat(refused(first)).isEqualTo(ClassicFault.REBALANCE_IN_PROGRESS);
        assertThat(waits(second)).isTrue();
    }

    @Test
    void members_go_on_at_the_next_coordinator_as_if_nothing_had_been() {
        List<String> ids = settled(2);
        var members = group.members().values().stream().map(member -> ClassicMember.stored(member.memberId(), member
                .profile(), member.assignment(), true)).toList();

        group = ClassicGroup.stored("billing", group.generation(), "test", "range", ids.get(0), members, true);
        apply(new ClassicEvent.Restart());

        assertThat(group.nextDeadlineMs()).isEqualTo(nowMs + SESSION_MS);
        assertThat(replies.get(beat(ids.get(1), null, group.generation()))).isEqualTo(new ClassicReply.Alive());
        assertThat(replies.get(sync(ids.get(1), group.generation(), Map.of()))).isEqualTo(new ClassicReply.Synced(
                "test", "range", bytes("of " + ids.get(1))));
    }

    @Test
    void who_has_not_asked_for_its_assignment_has_all_its_time_after_the_coordinator_stood_still() {
        List<String> ids = settled(2);
        join(ids.get(0));
        join(ids.get(1));
        sync(ids.get(0), group.generation(), Map.of(ids.get(0), bytes("a"), ids.get(1), bytes("b")));
        long syncedByMs = ((ClassicPhase.Stable) group.phase()).syncedByMs();
        long timeMs = syncedByMs - nowMs;
        nowMs = syncedByMs;

        apply(new ClassicEvent.Restart());
        apply(new ClassicEvent.Tick());

        assertThat(group.phase()).isEqualTo(new ClassicPhase.Stable(nowMs + timeMs));
        assertThat(group.members()).containsOnlyKeys(ids);
    }
}
