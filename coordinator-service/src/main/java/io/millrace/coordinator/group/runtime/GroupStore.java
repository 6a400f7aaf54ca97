package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.AssignorName;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupChange;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.StoredGroup;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.group.TopicPattern;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ProtocolsCodec;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedRuntimeException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The groups' rows. Every method is one transaction that first shares a lock on its shard's row, so it either sees that
 * the shard has gone to another coordinator and changes nothing, or ends before that one loads.
 *
 * <p>
 * Refused with {@link ErrorCode#NOT_COORDINATOR} where the shard is another's, with {@link ErrorCode#UNAVAILABLE} where
 * PostgreSQL does not answer, or gives up on the transaction; after the latter it is unknown whether the change was stored.
 */
@Component
public class GroupStore {
    private static final Logger LOG = LoggerFactory.getLogger(GroupStore.class);

    private static final String TAKE_OVER = """
            insert into groups.shard as shard (shard, epoch)
            values (:shard, :epoch)
            on conflict (shard) do update
            set epoch = excluded.epoch
            where shard.epoch <= excluded.epoch
            """;
    private static final String FENCE = """
            select epoch
            from groups.shard
            where shard = :shard and epoch = :epoch
            for share
            """;
    private static final String SELECT_GROUPS = """
            select group_id, epoch, assignor, topics_hash, kind, protocol_type, protocol, leader, assigned
            from groups.consumer_group
            where shard = :shard and (:group::text is null or group_id = :group)
            """;
    private static final String SELECT_MEMBERS = """
            select group_id, member_id, member.epoch, previous_epoch, state, client_id, client_host, topics, topic_pattern,
                member.assignor, session_timeout_ms, rebalance_timeout_ms, kind, protocol_type, assigned, instance_id,
                protocols, assigned_bytes
            from groups.consumer_group
                join groups.member using (group_id)
            where shard = :shard and (:group::text is null or group_id = :group)
            """;
    private static final String SELECT_ASSIGNMENTS = """
            select group_id, topic_id, partition, target_member, owner_member, revoking
            from groups.consumer_group
                join groups.assignment using (group_id)
            where shard = :shard and (:group::text is null or group_id = :group)
            """;
    private static final String UPSERT_GROUP = """
            insert into groups.consumer_group as stored (group_id, shard, epoch, assignor, topics_hash)
            values (:group, :shard, :epoch, :assignor, :topicsHash)
            on conflict (group_id) do update
            set epoch = excluded.epoch, assignor = excluded.assignor, topics_hash = excluded.topics_hash,
                kind = 'CONSUMER', protocol_type = null, protocol = null, leader = null, assigned = false
            where stored.epoch <= excluded.epoch
            """;
    /** In the order in which the offset service locks them, so that neither waits for the other in a circle. */
    private static final String LOCK_MEMBERS = """
            select member_id
            from groups.member
            where group_id = :group and member_id = any(:members::text[])
            order by member_id collate "C"
            for update
            """;
    private static final String DELETE_MEMBERS = """
            delete from groups.member
            where group_id = :group and member_id = any(:members::text[])
            """;
    private static final String UPSERT_MEMBER = """
            insert into groups.member (group_id, member_id, epoch, previous_epoch, state, client_id, client_host, topics,
                topic_pattern, assignor, session_timeout_ms, rebalance_timeout_ms, instance_id, protocols)
            values (:group, :member, :epoch, :previousEpoch, :state, :clientId, :clientHost, :topics::text[],
                :topicPattern, :assignor, :sessionTimeoutMs, :rebalanceTimeoutMs, :instanceId, :protocols::bytea)
            on conflict (group_id, member_id) do update
            set epoch = excluded.epoch, previous_epoch = excluded.previous_epoch, state = excluded.state,
                client_id = excluded.client_id, client_host = excluded.client_host, topics = excluded.topics,
                topic_pattern = excluded.topic_pattern, assignor = excluded.assignor,
                session_timeout_ms = excluded.session_timeout_ms, rebalance_timeout_ms = excluded.rebalance_timeout_ms,
                instance_id = excluded.instance_id, protocols = excluded.protocols, assigned_bytes = null
            """;
    private static final String DELETE_ASSIGNMENTS = """
            delete from groups.assignment
            using unnest(:topicIds::text[]::uuid[], :partitions::int[]) as gone (topic_id, partition)
            where group_id = :group and assignment.topic_id = gone.topic_id and assignment.partition = gone.partition
            """;
    /** After the members, whose epochs tell since when their owners have them. */
    private static final String UPSERT_ASSIGNMENTS = """
            insert into groups.assignment as stored
                (group_id, topic_id, partition, target_member, owner_member, revoking, owner_epoch)
            select :group, row.topic_id, row.partition, row.target_member, row.owner_member, row.revoking, owner.epoch
            from unnest(:topicIds::text[]::uuid[], :partitions::int[], :targets::text[], :owners::text[],
                    :revoking::boolean[]) as row (topic_id, partition, target_member, owner_member, revoking)
                left join groups.member as owner on owner.group_id = :group and owner.member_id = row.owner_member
            order by row.topic_id, row.partition
            on conflict (group_id, topic_id, partition) do update
            set target_member = excluded.target_member, owner_member = excluded.owner_member, revoking = excluded.revoking,
                owner_epoch = case
                    when stored.owner_member = excluded.owner_member then stored.owner_epoch
                    else excluded.owner_epoch
                end
            """;
    private static final String DELETE_GROUP = """
            delete from groups.consumer_group
            where group_id = :group
                and not exists (select from groups.member where member.group_id = :group)
                and not exists (select from groups.instance where instance.group_id = :group)
            """;

    /** Serialization failure and deadlock: nothing was stored, and the same again is likely to succeed. */
    private static final Set<String> ROLLED_BACK = Set.of("40001", "40P01");
    private static final int MAX_ATTEMPTS = 3;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;

    GroupStore(JdbcClient jdbc, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** @param clusterVersion of the metadata that the holder before may have acted on at most */
    record Loaded(List<Stored> groups, long clusterVersion) {}

    /** @param classic where its members speak the classic protocol: then {@code group} is without members, at the same generation */
    record Stored(Group group, @Nullable ClassicGroup classic) {
        int memberCount() {
            return classic == null ? group.members().size() : classic.members().size();
        }
    }

    /** Shuts every earlier holder out, then reads all of the shard's groups. */
    Loaded takeOver(int shard, long epoch) {
        return answering(() -> transaction.execute(_ -> {
            int raised = jdbc.sql(TAKE_OVER).param("shard", shard).param("epoch", epoch).update();
            if (raised == 0) {
                throw lost(shard);
            }
            long clusterVersion = jdbc.sql("select coalesce(max(version), 0) from metadata.cluster").query(Long.class)
                    .single();
            return new Loaded(select(shard, null), clusterVersion);
        }));
    }

    /** Reads one group again, after a write whose outcome is unknown. */
    List<Stored> load(Shard shard, String groupId) {
        return inShard(shard, () -> select(shard.number(), groupId));
    }

    void save(Shard shard, String groupId, List<GroupChange> changes) {
        inShard(shard, () -> {
            write(shard.number(), groupId, changes);
            return true;
        });
    }

    /** The group goes from the classic machine to the other: its rows of members are written anew. */
    void upgrade(Shard shard, String groupId, List<GroupChange> changes) {
        inShard(shard, () -> {
            jdbc.sql("delete from groups.member where group_id = :group").param("group", groupId).update();
            write(shard.number(), groupId, changes);
            return true;
        });
    }

    /** The other way round. */
    void downgrade(Shard shard, String groupId, List<GroupChange> changes, ClassicGroup group) {
        inShard(shard, () -> {
            write(shard.number(), groupId, changes);
            ClassicRows.write(jdbc, group);
            return true;
        });
    }

    /** Of a group that has its row, and no members of the other protocol. */
    void save(Shard shard, ClassicGroup group) {
        inShard(shard, () -> {
            ClassicRows.write(jdbc, group);
            return true;
        });
    }

    /** @return false when the group has members or instances, and is left as it is */
    boolean delete(Shard shard, String groupId) {
        return inShard(shard, () -> jdbc.sql(DELETE_GROUP).param("group", groupId).update() == 1);
    }

    /** Runs a change of rows that belong to the shard's groups, fenced like the groups' own. */
    public <T> T inShard(Shard shard, Supplier<T> work) {
        return answering(() -> transaction.execute(_ -> {
            boolean held = jdbc.sql(FENCE).param("shard", shard.number()).param("epoch", shard.epoch()).query(
                    Long.class)
                    .optional().isPresent();
            if (!held) {
                shard.markLost();
                throw lost(shard.number());
            }
            return work.get();
        }));
    }

    /** Whether HTTP consumers use the group. */
    boolean hasInstances(String groupId) {
        return answering(() -> jdbc.sql("select exists (select from groups.instance where group_id = :group)")
                .param("group", groupId).query(Boolean.class).single());
    }

    /** Whether PostgreSQL answers. */
    boolean answers() {
        try {
            jdbc.sql("select 1").query(Integer.class).single();
            return true;
        } catch (DataAccessException e) {
            return false;
        }
    }

    private void write(int shard, String groupId, List<GroupChange> changes) {
        var membersGone = new ArrayList<String>();
        var partitionsGone = new ArrayList<PartitionId>();
        var partitions = new ArrayList<GroupChange.PartitionRow>();
        var members = new ArrayList<Member>();
        for (GroupChange change : changes) {
            switch (change) {
                case GroupChange.GroupRow row -> write(shard, row);
                case GroupChange.MemberRow(Member member) -> members.add(member);
                case GroupChange.MemberGone(String memberId) -> membersGone.add(memberId);
                case GroupChange.PartitionRow row -> partitions.add(row);
                case GroupChange.PartitionGone(PartitionId partition) -> partitionsGone.add(partition);
            }
        }
        if (members.size() + membersGone.size() > 1) {
            String[] touched = Stream.concat(members.stream().map(Member::memberId), membersGone.stream()).toArray(
                    String[]::new);
            jdbc.sql(LOCK_MEMBERS).param("group", groupId).param("members", touched).query(String.class).list();
        }
        if (!membersGone.isEmpty()) {
            jdbc.sql(DELETE_MEMBERS).param("group", groupId).param("members", membersGone.toArray(String[]::new))
                    .update();
        }
        members.forEach(member -> write(groupId, member));
        if (!partitionsGone.isEmpty()) {
            jdbc.sql(DELETE_ASSIGNMENTS).param("group", groupId).param("topicIds", topicIds(partitionsGone))
                    .param("partitions", indexes(partitionsGone)).update();
        }
        if (!partitions.isEmpty()) {
            List<PartitionId> ids = partitions.stream().map(GroupChange.PartitionRow::partition).toList();
            jdbc.sql(UPSERT_ASSIGNMENTS).param("group", groupId).param("topicIds", topicIds(ids))
                    .param("partitions", indexes(ids))
                    .param("targets", partitions.stream().map(GroupChange.PartitionRow::target).toArray(String[]::new))
                    .param("owners", partitions.stream().map(GroupChange.PartitionRow::owner).toArray(String[]::new))
                    .param("revoking", partitions.stream().map(GroupChange.PartitionRow::revoking).toArray(
                            Boolean[]::new))
                    .update();
        }
    }

    private void write(int shard, GroupChange.GroupRow row) {
        int written = jdbc.sql(UPSERT_GROUP).param("group", row.groupId()).param("shard", shard).param("epoch", row
                .epoch())
                .param("assignor", row.assignor().wireName()).param("topicsHash", row.topicsHash()).update();
        if (written != 1) {
            throw new IllegalStateException("group '%s' is stored with an epoch beyond %d".formatted(row.groupId(), row
                    .epoch()));
        }
    }

    private void write(String groupId, Member member) {
        MemberProfile profile = member.profile();
        TopicPattern pattern = profile.subscription().pattern();
        AssignorName assignor = profile.assignor();
        ClassicProfile classic = profile.classic();
        jdbc.sql(UPSERT_MEMBER).param("group", groupId).param("member", member.memberId()).param("epoch", member
                .epoch())
                .param("previousEpoch", member.previousEpoch())
                .param("state", StoredGroup.StateName.of(member.state()).name())
                .param("clientId", profile.clientId()).param("clientHost", profile.clientHost())
                .param("topics", profile.subscription().topics().toArray(String[]::new))
                .param("topicPattern", pattern == null ? null : pattern.source())
                .param("assignor", assignor == null ? null : assignor.wireName())
                .param("sessionTimeoutMs", profile.sessionTimeoutMs())
                .param("rebalanceTimeoutMs", profile.rebalanceTimeoutMs())
                .param("instanceId", profile.instanceId())
                .param("protocols", classic == null ? null : ProtocolsCodec.encoded(classic.protocols())).update();
    }

    private List<Stored> select(int shard, @Nullable String groupId) {
        Map<String, List<StoredGroup.StoredMember>> members = new HashMap<>();
        Map<String, List<GroupChange.PartitionRow>> partitions = new HashMap<>();
        Map<String, List<ClassicMember>> classicMembers = new HashMap<>();
        jdbc.sql(SELECT_MEMBERS).param("shard", shard).param("group", groupId).query(
                rows -> {
                    String id = rows.getString("group_id");
                    if (isClassic(rows)) {
                        classicMembers.computeIfAbsent(id, _ -> new ArrayList<>()).add(ClassicRows.member(rows));
                    } else {
                        members.computeIfAbsent(id, _ -> new ArrayList<>()).add(member(rows));
                    }
                });
        jdbc.sql(SELECT_ASSIGNMENTS).param("shard", shard).param("group", groupId).query(
                rows -> {
                    partitions.computeIfAbsent(rows.getString("group_id"), _ -> new ArrayList<>()).add(partition(rows));
                });
        return jdbc.sql(SELECT_GROUPS).param("shard", shard).param("group", groupId).query((rows, _) -> {
            String id = rows.getString("group_id");
            Group group = new StoredGroup(
                    new GroupChange.GroupRow(id, rows.getLong("epoch"), assignor(rows.getString("assignor")),
                            rows.getLong("topics_hash")),
                    members.getOrDefault(id, List.of()), partitions.getOrDefault(id, List.of())).toGroup();
            return new Stored(group, isClassic(rows) ? ClassicRows.group(rows, classicMembers.getOrDefault(id, List
                    .of())) : null);
        }).list();
    }

    private static boolean isClassic(ResultSet rows) throws SQLException {
        return ClassicRows.KIND.equals(rows.getString("kind"));
    }

    private static StoredGroup.StoredMember member(ResultSet rows) throws SQLException {
        String pattern = rows.getString("topic_pattern");
        String wish = rows.getString("assignor");
        var subscription = new Subscription(new TreeSet<>(List.of(strings(rows.getArray("topics")))),
                pattern == null ? null : stored(pattern, rows));
        var profile = new MemberProfile(rows.getString("client_id"), rows.getString("client_host"), subscription,
                wish == null ? null : assignor(wish), rows.getInt("session_timeout_ms"),
                rows.getInt("rebalance_timeout_ms"), rows.getString("instance_id"), ClassicRows.consumer(rows));
        return new StoredGroup.StoredMember(rows.getString("member_id"), profile, rows.getLong("epoch"),
                rows.getLong("previous_epoch"), StoredGroup.StateName.valueOf(rows.getString("state")));
    }

    /** A pattern that is let in no more must not keep its group's coordinator from starting. */
    private static TopicPattern stored(String source, ResultSet rows) throws SQLException {
        TopicPattern pattern = TopicPattern.stored(source);
        if (!pattern.isUsable()) {
            LOG.warn(
                    "member '{}' of group '{}' matches no topic: its pattern of {} characters is too large or not RE2's",
                    rows.getString("member_id"), rows.getString("group_id"), source.length());
        }
        return pattern;
    }

    private static GroupChange.PartitionRow partition(ResultSet rows) throws SQLException {
        return new GroupChange.PartitionRow(new PartitionId(rows.getObject("topic_id", UUID.class), rows.getInt(
                "partition")),
                rows.getString("target_member"), rows.getString("owner_member"), rows.getBoolean("revoking"));
    }

    private static String[] strings(Array array) throws SQLException {
        return (String[]) array.getArray();
    }

    private static AssignorName assignor(String wireName) {
        return AssignorName.named(wireName).orElseThrow(() -> new IllegalStateException("unknown assignor "
                + wireName));
    }

    private static String[] topicIds(List<PartitionId> partitions) {
        return partitions.stream().map(partition -> partition.topicId().toString()).toArray(String[]::new);
    }

    private static Integer[] indexes(List<PartitionId> partitions) {
        return partitions.stream().map(PartitionId::partition).toArray(Integer[]::new);
    }

    private static <T> T answering(Supplier<T> work) {
        for (int attempt = 1;; attempt++) {
            try {
                return work.get();
            } catch (BadSqlGrammarException | DataIntegrityViolationException e) {
                // PostgreSQL answered, and the statement was at fault.
                throw e;
            } catch (DataAccessException | TransactionException e) {
                String state = sqlState(e);
                if (state == null || !ROLLED_BACK.contains(state) || attempt == MAX_ATTEMPTS) {
                    throw new RefusedException(ErrorCode.UNAVAILABLE, isConnectionLost(state)
                            ? "PostgreSQL does not answer"
                            : "PostgreSQL did not carry it out; try again", e);
                }
            }
        }
    }

    /** Whether PostgreSQL was away, rather than having given up on one transaction. */
    static boolean wasAway(RefusedException refusal) {
        return refusal.getCause() instanceof NestedRuntimeException cause && isConnectionLost(sqlState(cause));
    }

    /**
     * By the SQL state (PostgreSQL manual, appendix A): 08 connection, 53300 too many connections, 57P operator intervention such as a
     * shutdown; a connection that the pool could not give, or that it had closed, has none.
     */
    private static boolean isConnectionLost(@Nullable String sqlState) {
        return sqlState == null || sqlState.startsWith("08") || sqlState.equals("53300") || sqlState.startsWith("57P");
    }

    private static @Nullable String sqlState(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return null;
    }

    private static RefusedException lost(int shard) {
        return new RefusedException(ErrorCode.NOT_COORDINATOR, "shard %d has gone to another coordinator".formatted(
                shard));
    }
}
