package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicPhase;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import io.millrace.coordinator.group.classic.Opaque;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A classic group becomes one of the machine's, and the other way round. */
class ClassicMembersTest {
    private static final Topic ORDERS = new Topic(new UUID(1, 1), "orders", 4);
    private static final Topics TOPICS = Topics.of(List.of(ORDERS));
    private static final GroupMachine MACHINE = new GroupMachine(new GroupLimits(10, 10, 100, 1, 100_000),
            AssignorName.STICKY);

    private static Opaque opaque(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return Opaque.of(bytes);
    }

    private static List<TopicPartition> partitions(int... indexes) {
        return IntStream.of(indexes).mapToObj(index -> new TopicPartition("orders", index)).toList();
    }

    private static SortedSet<PartitionId> ids(int... indexes) {
        return PartitionId.sorted(IntStream.of(indexes).mapToObj(index -> new PartitionId(ORDERS.id(), index))
                .toList());
    }

    private static ClassicProfile profile(int... owned) {
        var said = new ConsumerPartitionAssignor.Subscription(List.of("orders"), null, partitions(owned));
        return new ClassicProfile(null, "client", "/host", 10_000, 20_000, "consumer", List.of(new Protocol("range",
                opaque(ConsumerProtocol.serializeSubscription(said)))));
    }

    private static ClassicMember member(String id, ClassicProfile profile, int... assigned) {
        return ClassicMember.stored(id, profile, opaque(ConsumerProtocol.serializeAssignment(
                new ConsumerPartitionAssignor.Assignment(partitions(assigned)))), true);
    }

    private static ClassicGroup classic(boolean isAssigned, ClassicMember... members) {
        return ClassicGroup.stored("billing", 7, "consumer", "range", members[0].memberId(), List.of(members),
                isAssigned);
    }

    private static Group upgraded(ClassicGroup classic) {
        return Objects.requireNonNull(ClassicMembers.upgraded(classic, Group.empty("billing", AssignorName.STICKY)
                .emptyAt(7), TOPICS));
    }

    @Test
    void members_keep_what_they_were_assigned_and_a_newcomer_gets_it_when_they_have_let_go() {
        Group group = upgraded(classic(true, member("a", profile(), 0, 1), member("b", profile(), 2, 3)));
        assertThat(group.member("a").state()).isEqualTo(new MemberState.Stable(ids(0, 1)));
        assertThat(group.member("b").epoch()).isEqualTo(7);

        Group joined = MACHINE.apply(group, new GroupEvent.Join("new", new MemberProfile("c", "h", Subscription.to(List
                .of("orders")), null, 10_000, 20_000)), TOPICS).group();

        assertThat(joined.member("new").state().assigned()).isEmpty();
        assertThat(ClassicMembers.mustJoinAgain(joined, joined.member("a"))).isTrue();
        var lost = new TreeSet<>(ids(0, 1, 2, 3));
        joined.target().forEach((memberId, target) -> {
            if (!memberId.equals("new")) {
                lost.removeAll(target);
            }
        });
        assertThat(joined.targetOf("new")).isEqualTo(lost).isNotEmpty();
    }

    @Test
    void before_the_leader_has_assigned_members_hold_what_they_said_and_nothing_twice() {
        Group group = upgraded(classic(false, member("a", profile(0, 1)), member("b", profile(1, 2))));

        assertThat(group.member("a").state().assigned()).isEqualTo(ids(0, 1));
        assertThat(group.member("b").state().assigned()).isEqualTo(ids(2));
    }

    @Test
    void a_group_of_others_than_consumers_stays_as_it_is() {
        var worker = new ClassicProfile(null, "client", "/host", 10_000, 20_000, "connect", List.of(new Protocol(
                "range",
                Opaque.of(new byte[]{0, 1}))));
        var base = Group.empty("billing", AssignorName.STICKY);
        assertThat(ClassicMembers.upgraded(classic(true, member("a", worker)), base, TOPICS)).isNull();
        var mumbling = new ClassicProfile(null, "client", "/host", 10_000, 20_000, "consumer", List.of(new Protocol(
                "range", Opaque.of(new byte[]{0}))));
        assertThat(ClassicMembers.upgraded(classic(true, member("a", mumbling)), base, TOPICS)).isNull();
    }

    @Test
    void when_the_others_have_gone_all_join_again_with_what_they_had() {
        Group mixed = MACHINE.apply(upgraded(classic(true, member("a", profile(), 0, 1, 2, 3))), new GroupEvent.Join(
                "new", new MemberProfile("c", "h", Subscription.to(List.of("orders")), null, 10_000, 20_000)), TOPICS)
                .group();
        Group left = MACHINE.apply(mixed, new GroupEvent.Leave("new"), TOPICS).group();
        assertThat(ClassicMembers.areAllThatIsLeft(mixed, left)).isTrue();
        assertThat(ClassicMembers.areAllThatIsLeft(left, left)).isFalse();

        ClassicGroup classic = ClassicMembers.downgraded(left, TOPICS, 1_000);

        assertThat(classic.generation()).isEqualTo((int) left.epoch()).isGreaterThan(7);
        assertThat(classic.phase()).isEqualTo(new ClassicPhase.PreparingRebalance(false, false, 0, 21_000));
        assertThat(classic.leaderId()).isEqualTo("a");
        assertThat(ConsumerMetadata.partitions(classic.member("a").assignment())).containsExactlyElementsOf(partitions(
                0,
                1, 2, 3));
    }

    @Test
    void what_a_member_had_that_went_for_now_is_nobody_elses_until_its_session_ends() {
        Group group = upgraded(classic(true, member("a", profile(), 0, 1), member("b", profile(), 2, 3)));
        Group away = MACHINE.apply(group, new GroupEvent.GoForNow("b"), TOPICS).group();
        assertThat(away.member("b").isAway()).isTrue();

        Group joined = MACHINE.apply(away, new GroupEvent.Join("a", away.member("a").profile(), ids(0, 1), null),
                TOPICS)
                .group();
        assertThat(joined.member("a").state().assigned()).isEqualTo(ids(0, 1));

        Group expired = MACHINE.apply(joined, new GroupEvent.Expire("b"), TOPICS).group();
        Group after = MACHINE.apply(expired, new GroupEvent.Join("a", away.member("a").profile(), ids(0, 1), null),
                TOPICS).group();
        assertThat(after.member("a").state().assigned()).isEqualTo(ids(0, 1, 2, 3));
    }

    @Test
    void one_that_takes_anothers_place_has_all_that_it_had_without_a_new_target() {
        Group group = upgraded(classic(true, member("a", profile(), 0, 1), member("b", profile(), 2, 3)));
        var profile = group.member("b").profile();

        var step = MACHINE.apply(group, new GroupEvent.Join("b2", profile, PartitionId.sorted(List.of()), "b"), TOPICS);

        assertThat(step.group().epoch()).isEqualTo(group.epoch());
        assertThat(step.reply()).isEqualTo(new GroupReply.Granted(7, ids(2, 3)));
        assertThat(step.group().members()).containsOnlyKeys("a", "b2");
        assertThat(step.group().targetOf("b2")).isEqualTo(ids(2, 3));
    }
}
