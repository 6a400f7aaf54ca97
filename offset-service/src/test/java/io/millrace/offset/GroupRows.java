package io.millrace.offset;

import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Groups and topics as the coordinator would have written them. */
public final class GroupRows {
    private final JdbcClient jdbc;

    public GroupRows(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    public void clear() {
        jdbc.sql("delete from groups.consumer_group").update();
    }

    public void addEmpty(String group) {
        jdbc.sql("""
                insert into groups.consumer_group (group_id, shard, epoch, assignor, topics_hash)
                values (:group, 0, 1, 'range', 0)
                on conflict do nothing
                """).param("group", group).update();
    }

    public void add(String group, String member, long epoch) {
        addEmpty(group);
        jdbc.sql("insert into groups.member (group_id, member_id, epoch) values (:group, :member, :epoch)")
                .param("group", group)
                .param("member", member)
                .param("epoch", epoch)
                .update();
    }

    /** Also raises the cluster version, as every metadata transaction does. */
    public UUID addTopic(String name, int partitions) {
        var id = UUID.randomUUID();
        long version = nextVersion();
        jdbc.sql("insert into metadata.topic (id, name, version) values (:id, :name, :version)")
                .param("id", id)
                .param("name", name)
                .param("version", version)
                .update();
        jdbc.sql("""
                insert into metadata.partition
                    (topic_id, index, replicas, isr, leader, leader_epoch, partition_epoch, version)
                select :id, index, '{0}', '{0}', 0, 0, 0, :version
                from generate_series(0, :last) as index
                """)
                .param("id", id)
                .param("version", version)
                .param("last", partitions - 1)
                .update();
        return id;
    }

    public void deleteTopic(String name) {
        long version = nextVersion();
        jdbc.sql("""
                with deleted as (
                    delete from metadata.topic where name = :name returning id, name
                )
                insert into metadata.topic_deletion (topic_id, name, version)
                select id, name, :version from deleted
                """).param("name", name).param("version", version).update();
    }

    private long nextVersion() {
        return jdbc.sql("update metadata.cluster set version = version + 1 returning version").query(Long.class)
                .single();
    }
}
