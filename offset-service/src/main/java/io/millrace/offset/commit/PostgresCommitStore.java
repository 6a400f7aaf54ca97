package io.millrace.offset.commit;

import io.millrace.common.error.ErrorCode;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.database.DatabaseFaults;
import io.millrace.offset.meters.OffsetMeters;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Stores a batch by one upsert that also fences it.
 *
 * <p>The member rows are read {@code for share}: a statement that finds one locked by the coordinator waits for the coordinator's
 * transaction and then sees the new epoch, and one that came first holds the new epoch back until it is stored. So no commit of an old epoch
 * is stored after a new one is visible. That a group has <em>no</em> members is a fact without a row to lock. Therefore a batch with
 * commits outside of membership first locks their groups' rows {@code for update}, which excludes a join (its foreign key locks the same
 * row), and the upsert, being a later statement of the same transaction, sees every join that ended before. A group that nobody has joined
 * yet has no row: its first join and such a commit happen in either order.
 *
 * <p>A member's epoch rises while its commits of the epoch before are under way. They are taken for partitions that it has held since that
 * epoch or longer, as Kafka does from 4.3 on (KIP-1251), and that it still holds: the partitions' rows are read {@code for share} too.
 *
 * <p>What a coordinator commits from its memory is fenced by its shard's row in the same way: a successor that has raised the epoch, and
 * reads what is committed only then, sees all that its predecessor will ever have committed.
 *
 * <p>All locks are taken in the order of their keys' bytes, as the coordinator takes them, so that two services do not wait for each other.
 */
@Component
final class PostgresCommitStore implements CommitStore {
    /** Deadlocks with writers that lock in another order; each retry lets the other one end. */
    private static final int ATTEMPTS = 4;

    private static final String LOCK_GROUPS = """
            select group_id
            from groups.consumer_group
            where group_id = any(:groups::text[])
            order by group_id collate "C"
            for update
            """;

    /**
     * "request" has a row per commit, "row" one per offset with the number of its request. Where several commits of the batch touch one
     * partition, the last accepted one is stored: rows are chosen only after the fence, and an upsert may touch no row twice. A commit
     * for a topic that was deleted, and perhaps created again, since the image was made is refused, not stored where nobody looks.
     */
    private static final String UPSERT = """
            with request as materialized (
                select *
                from unnest(:numbers::int[], :requestGroups::text[], :members::text[], :epochs::bigint[],
                        :shards::int[], :shardEpochs::bigint[])
                    as request (number, group_id, member_id, epoch, shard, shard_epoch)
            ),
            term as materialized (
                select shard.shard, shard.epoch
                from groups.shard
                where shard.shard in (select request.shard from request where request.shard is not null)
                order by shard.shard
                for share of shard
            ),
            row as materialized (
                select *
                from unnest(:rowNumbers::int[], :topicIds::uuid[], :topics::text[], :partitions::int[],
                        :offsets::bigint[], :leaderEpochs::int[], :metadata::text[])
                    with ordinality
                    as row (number, topic_id, topic, partition, next_offset, leader_epoch, metadata, position)
            ),
            member as materialized (
                select member.group_id, member.member_id, member.epoch
                from groups.member
                where (member.group_id, member.member_id) in (
                    select request.group_id, request.member_id
                    from request
                    where request.member_id is not null)
                order by member.group_id collate "C", member.member_id collate "C"
                for share of member
            ),
            held as materialized (
                select row.position
                from request
                    join member on member.group_id = request.group_id and member.member_id = request.member_id
                        and member.epoch > request.epoch
                    join row on row.number = request.number
                    join groups.assignment on assignment.group_id = request.group_id
                        and assignment.topic_id = row.topic_id and assignment.partition = row.partition
                where assignment.owner_member = request.member_id and assignment.owner_epoch <= request.epoch
                order by assignment.group_id collate "C", assignment.topic_id, assignment.partition
                for share of assignment
            ),
            orphan as materialized (
                select distinct row.number
                from row
                where not exists (select from metadata.topic where topic.id = row.topic_id)
            ),
            verdict as materialized (
                select request.number, request.group_id, member.epoch as current_epoch,
                    case
                        when request.shard is not null and term.epoch is distinct from request.shard_epoch
                            then 'TERM_IS_OVER'
                        when request.member_id is null
                            and exists (select from groups.member where member.group_id = request.group_id)
                            then 'HAS_MEMBERS'
                        when request.member_id is not null and member.member_id is null then 'UNKNOWN_MEMBER'
                        when request.member_id is not null and member.epoch < request.epoch then 'FENCED'
                        when request.member_id is not null and member.epoch > request.epoch and not coalesce((
                            select bool_and(row.position in (select held.position from held))
                            from row
                            where row.number = request.number), false)
                            then 'FENCED'
                        when orphan.number is not null then 'TOPIC_IS_GONE'
                        else 'STORED'
                    end as verdict
                from request
                    left join member on member.group_id = request.group_id and member.member_id = request.member_id
                    left join term on term.shard = request.shard
                    left join orphan on orphan.number = request.number
            ),
            stored as (
                insert into offsets.committed as committed
                    (group_id, topic_id, partition, topic, next_offset, leader_epoch, metadata, committed_at)
                select distinct on (verdict.group_id, row.topic_id, row.partition)
                    verdict.group_id, row.topic_id, row.partition, row.topic, row.next_offset, row.leader_epoch,
                    row.metadata, clock_timestamp()
                from row
                    join verdict on verdict.number = row.number and verdict.verdict = 'STORED'
                order by verdict.group_id, row.topic_id, row.partition, row.position desc
                on conflict (group_id, topic_id, partition) do update
                set topic = excluded.topic,
                    next_offset = excluded.next_offset,
                    leader_epoch = excluded.leader_epoch,
                    metadata = excluded.metadata,
                    committed_at = excluded.committed_at
            )
            select number, verdict, current_epoch
            from verdict
            where verdict <> 'STORED'
            """;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final OffsetMeters meters;

    PostgresCommitStore(JdbcClient jdbc, TransactionTemplate transaction, OffsetMeters meters) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.meters = meters;
    }

    @Override
    public List<CommitOutcome> store(List<CommitRequest> batch) {
        long startNanos = System.nanoTime();
        try {
            for (int attempt = 1;; attempt++) {
                try {
                    return storeOnce(batch);
                } catch (RuntimeException e) {
                    if (attempt == ATTEMPTS || !DatabaseFaults.isRetriableAtOnce(e)) {
                        throw DatabaseFaults.translate(e);
                    }
                }
            }
        } finally {
            meters.statement().record(System.nanoTime() - startNanos, java.util.concurrent.TimeUnit.NANOSECONDS);
        }
    }

    private List<CommitOutcome> storeOnce(List<CommitRequest> batch) {
        String[] withoutMember = batch.stream()
                .filter(request -> request.member() == null)
                .map(CommitRequest::group)
                .distinct()
                .toArray(String[]::new);
        if (withoutMember.length == 0) {
            return upsert(batch);
        }
        return transaction.execute(_ -> {
            jdbc.sql(LOCK_GROUPS).param("groups", withoutMember).query(String.class).list();
            return upsert(batch);
        });
    }

    private List<CommitOutcome> upsert(List<CommitRequest> batch) {
        var outcomes = new ArrayList<CommitOutcome>(Collections.nCopies(batch.size(), CommitOutcome.STORED));
        var statement = jdbc.sql(UPSERT);
        statement = RequestColumns.of(batch).bind(statement);
        statement = RowColumns.of(batch).bind(statement);
        statement.query(row -> {
            int number = row.getInt("number");
            outcomes.set(number, refusal(batch.get(number), row.getString("verdict"), row.getLong("current_epoch")));
        });
        return outcomes;
    }

    private static Refused refusal(CommitRequest request, String verdict, long currentEpoch) {
        var member = request.member();
        return switch (verdict) {
            case "HAS_MEMBERS" -> new Refused(ErrorCode.UNKNOWN_MEMBER,
                    "Group '" + request.group() + "' has members: only they may commit, with their id and epoch");
            case "UNKNOWN_MEMBER" -> new Refused(ErrorCode.UNKNOWN_MEMBER,
                    "Group '" + request.group() + "' has no member '" + (member == null ? "" : member.memberId())
                            + "'");
            case "FENCED" -> new Refused(ErrorCode.FENCED_MEMBER_EPOCH,
                    "Member '" + (member == null ? "" : member.memberId()) + "' of group '" + request.group()
                            + "' is at epoch " + currentEpoch + ", the commit at " + (member == null ? -1
                                    : member.epoch()));
            case "TERM_IS_OVER" -> new Refused(ErrorCode.FENCED_MEMBER_EPOCH,
                    "Group '" + request.group() + "' has another coordinator now than the one that commits");
            case "TOPIC_IS_GONE" -> new Refused(ErrorCode.UNKNOWN_TOPIC, "A topic of the commit has been deleted");
            default -> throw new IllegalStateException("Unknown verdict " + verdict);
        };
    }

    private record RequestColumns(Integer[] numbers, String[] groups, String[] members, Long[] epochs, Integer[] shards,
            Long[] shardEpochs) {
        static RequestColumns of(List<CommitRequest> batch) {
            int size = batch.size();
            var columns = new RequestColumns(new Integer[size], new String[size], new String[size], new Long[size],
                    new Integer[size], new Long[size]);
            for (int i = 0; i < size; i++) {
                var member = batch.get(i).member();
                columns.numbers[i] = i;
                columns.groups[i] = batch.get(i).group();
                if (member != null) {
                    columns.members[i] = member.memberId();
                    columns.epochs[i] = member.epoch();
                }
                var term = batch.get(i).term();
                if (term != null) {
                    columns.shards[i] = term.shard();
                    columns.shardEpochs[i] = term.epoch();
                }
            }
            return columns;
        }

        JdbcClient.StatementSpec bind(JdbcClient.StatementSpec statement) {
            return statement
                    .param("numbers", numbers)
                    .param("requestGroups", groups)
                    .param("members", members)
                    .param("epochs", epochs)
                    .param("shards", shards)
                    .param("shardEpochs", shardEpochs);
        }
    }

    private record RowColumns(
            Integer[] requestNumbers,
            String[] topicIds,
            String[] topics,
            Integer[] partitions,
            Long[] offsets,
            Integer[] leaderEpochs,
            String[] metadata) {
        static RowColumns of(List<CommitRequest> batch) {
            int size = batch.stream().mapToInt(request -> request.offsets().size()).sum();
            var columns = new RowColumns(new Integer[size], new String[size], new String[size], new Integer[size],
                    new Long[size], new Integer[size], new String[size]);
            int i = 0;
            for (int number = 0; number < batch.size(); number++) {
                for (var offset : batch.get(number).offsets()) {
                    columns.requestNumbers[i] = number;
                    columns.topicIds[i] = offset.topicId().toString();
                    columns.topics[i] = offset.topic();
                    columns.partitions[i] = offset.partition();
                    columns.offsets[i] = offset.offset();
                    columns.leaderEpochs[i] = offset.leaderEpoch();
                    columns.metadata[i] = offset.metadata();
                    i++;
                }
            }
            return columns;
        }

        JdbcClient.StatementSpec bind(JdbcClient.StatementSpec statement) {
            return statement
                    .param("rowNumbers", requestNumbers)
                    .param("topicIds", topicIds)
                    .param("topics", topics)
                    .param("partitions", partitions)
                    .param("offsets", offsets)
                    .param("leaderEpochs", leaderEpochs)
                    .param("metadata", metadata);
        }
    }
}
