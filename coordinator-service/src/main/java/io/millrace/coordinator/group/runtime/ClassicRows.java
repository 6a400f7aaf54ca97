package io.millrace.coordinator.group.runtime;

import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicPhase;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import io.millrace.coordinator.group.classic.Opaque;
import io.millrace.coordinator.group.classic.ProtocolsCodec;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of one classic group; inside the transactions of {@link GroupStore}. All members are written by one statement. */
final class ClassicRows {
    static final String KIND = "CLASSIC";

    private static final String UPDATE_GROUP = """
            update groups.consumer_group
            set kind = 'CLASSIC', epoch = :generation, protocol_type = :protocolType, protocol = :protocol, leader = :leader,
                assigned = :assigned
            where group_id = :group and epoch <= :generation
            """;
    /** In the order in which the offset service locks them, so that neither waits for the other in a circle. */
    private static final String LOCK_MEMBERS = """
            select member_id
            from groups.member
            where group_id = :group
            order by member_id collate "C"
            for update
            """;
    private static final String DELETE_OTHERS = """
            delete from groups.member
            where group_id = :group and member_id <> all(:members::text[])
            """;
    private static final String UPSERT_MEMBERS = """
            insert into groups.member (group_id, member_id, epoch, previous_epoch, client_id, client_host, session_timeout_ms,
                rebalance_timeout_ms, instance_id, protocols, assigned_bytes)
            select :group, row.member_id, :generation, :generation, row.client_id, row.client_host, row.session_timeout_ms,
                row.rebalance_timeout_ms, row.instance_id, row.protocols, row.assigned_bytes
            from unnest(:members::text[], :clientIds::text[], :clientHosts::text[], :sessionTimeouts::int[],
                    :rebalanceTimeouts::int[], :instanceIds::text[], :protocols::bytea[], :assignments::bytea[])
                as row (member_id, client_id, client_host, session_timeout_ms, rebalance_timeout_ms, instance_id, protocols,
                    assigned_bytes)
            on conflict (group_id, member_id) do update
            set epoch = excluded.epoch, previous_epoch = excluded.previous_epoch, state = 'STABLE',
                client_id = excluded.client_id, client_host = excluded.client_host,
                session_timeout_ms = excluded.session_timeout_ms, rebalance_timeout_ms = excluded.rebalance_timeout_ms,
                instance_id = excluded.instance_id, protocols = excluded.protocols,
                assigned_bytes = excluded.assigned_bytes
            """;

    private ClassicRows() {}

    /** Of a group that has its row. */
    static void write(JdbcClient jdbc, ClassicGroup group) {
        int written = jdbc.sql(UPDATE_GROUP).param("group", group.groupId()).param("generation", group.generation())
                .param("protocolType", group.protocolType()).param("protocol", group.protocolName())
                .param("leader", group.leaderId()).param("assigned", !(group
                        .phase() instanceof ClassicPhase.CompletingRebalance)).update();
        if (written != 1) {
            throw new IllegalStateException("group '%s' is not stored, or with a generation beyond %d".formatted(group
                    .groupId(), group.generation()));
        }
        Collection<ClassicMember> members = group.members().values();
        String[] ids = strings(members, ClassicMember::memberId);
        jdbc.sql(LOCK_MEMBERS).param("group", group.groupId()).query(String.class).list();
        jdbc.sql(DELETE_OTHERS).param("group", group.groupId()).param("members", ids).update();
        if (members.isEmpty()) {
            return;
        }
        jdbc.sql(UPSERT_MEMBERS).param("group", group.groupId()).param("generation", group.generation())
                .param("members", ids)
                .param("clientIds", strings(members, member -> member.profile().clientId()))
                .param("clientHosts", strings(members, member -> member.profile().clientHost()))
                .param("sessionTimeouts", integers(members, member -> member.profile().sessionTimeoutMs()))
                .param("rebalanceTimeouts", integers(members, member -> member.profile().rebalanceTimeoutMs()))
                .param("instanceIds", members.stream().map(member -> member.profile().instanceId()).toArray(
                        String[]::new))
                .param("protocols", members.stream().map(member -> ProtocolsCodec.encoded(member.profile().protocols()))
                        .toArray(byte[][]::new))
                .param("assignments", members.stream().map(member -> member.assignment().bytes()).toArray(
                        byte[][]::new))
                .update();
    }

    private static String[] strings(Collection<ClassicMember> members, Function<ClassicMember, String> value) {
        return members.stream().map(value).toArray(String[]::new);
    }

    private static Integer[] integers(Collection<ClassicMember> members, Function<ClassicMember, Integer> value) {
        return members.stream().map(value).toArray(Integer[]::new);
    }

    /** @param rows at a group's row */
    static ClassicGroup group(ResultSet rows, List<ClassicMember> members) throws SQLException {
        return ClassicGroup.stored(rows.getString("group_id"), rows.getInt("epoch"), rows.getString("protocol_type"),
                rows
                        .getString("protocol"), rows.getString("leader"), members, rows.getBoolean("assigned"));
    }

    /** Of a consumer that speaks the classic protocol in a group of the other type; null of others. */
    static @Nullable ClassicProfile consumer(ResultSet rows) throws SQLException {
        byte[] protocols = rows.getBytes("protocols");
        return protocols == null ? null
                : new ClassicProfile(rows.getString("instance_id"), rows.getString("client_id"), rows.getString(
                        "client_host"), rows.getInt("session_timeout_ms"), rows.getInt("rebalance_timeout_ms"),
                        ConsumerMetadata.PROTOCOL_TYPE, ProtocolsCodec.decoded(protocols));
    }

    /** @param rows at a member's row, joined with its group's */
    static ClassicMember member(ResultSet rows) throws SQLException {
        String protocolType = rows.getString("protocol_type");
        byte[] assignment = rows.getBytes("assigned_bytes");
        var profile = new ClassicProfile(rows.getString("instance_id"), rows.getString("client_id"), rows.getString(
                "client_host"), rows.getInt("session_timeout_ms"), rows.getInt("rebalance_timeout_ms"),
                protocolType == null ? "" : protocolType, ProtocolsCodec.decoded(rows.getBytes("protocols")));
        return ClassicMember.stored(rows.getString("member_id"), profile, Opaque.of(assignment == null ? new byte[0]
                : assignment), rows.getBoolean("assigned"));
    }
}
