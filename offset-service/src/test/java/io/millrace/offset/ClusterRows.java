package io.millrace.offset;

import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Groups, topics and brokers as the coordinator and the brokers would have written them. */
public final class ClusterRows {
    private final JdbcClient jdbc;

    public ClusterRows(JdbcClient jdbc) {
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

    /** A coordinator takes a shard over. */
    public void take(int shard, long epoch) {
        jdbc.sql("""
                insert into groups.shard (shard, epoch) values (:shard, :epoch)
                on conflict (shard) do update set epoch = excluded.epoch
                """).param("shard", shard).param("epoch", epoch).update();
    }

    /** Raises the cluster version in the same transaction, as every change of metadata does. */
    public UUID addTopic(String name, int partitions) {
        var id = UUID.randomUUID();
        jdbc.sql("""
                with cluster as (
                    update metadata.cluster set version = version + 1 returning version
                ),
                topic as (
                    insert into metadata.topic (id, name, version) select :id, :name, version from cluster
                )
                insert into metadata.partition
                    (topic_id, index, replicas, isr, leader, leader_epoch, partition_epoch, version)
                select :id, index, '{0}', '{0}', 0, 0, 0, version
                from cluster, generate_series(0, :last) as index
                """)
                .param("id", id)
                .param("name", name)
                .param("last", partitions - 1)
                .update();
        return id;
    }

    public void deleteTopic(String name) {
        jdbc.sql("""
                with cluster as (
                    update metadata.cluster set version = version + 1 returning version
                ),
                deleted as (
                    delete from metadata.topic where name = :name returning id, name
                )
                insert into metadata.topic_deletion (topic_id, name, version)
                select deleted.id, deleted.name, cluster.version from deleted, cluster
                """).param("name", name).update();
    }

    /** A broker that leads. */
    public void addBroker(int id, String host, int kafkaPort) {
        jdbc.sql("""
                with cluster as (
                    update metadata.cluster set version = version + 1 returning version
                )
                insert into metadata.broker
                    (id, epoch, incarnation, directory_id, host, kafka_port, http_url, ready, fenced, lease_expires_at, version)
                select :id, 1, gen_random_uuid(), gen_random_uuid(), :host, :port, 'http://127.0.0.1:1', true, false,
                    clock_timestamp() + interval '1 day', version
                from cluster
                on conflict (id) do update set kafka_port = excluded.kafka_port, version = excluded.version
                """).param("id", id).param("host", host).param("port", kafkaPort).update();
    }
}
