package io.millrace.common.api;

/**
 * Clients of the other services, each call going to where the cluster image says the right one is. A call is refused with
 * {@code CONTROLLER_UNAVAILABLE}, {@code COORDINATOR_UNAVAILABLE} or {@code UNAVAILABLE} when there is none, and with {@code TIMED_OUT} when
 * it does not answer in time.
 */
public interface ServiceClients {
    TopicsApi topics();

    /** The controller, for brokers and replicas. */
    ClusterApi cluster();

    ProducerIdsApi producerIds();

    /** The coordinator of one group. */
    InstancesApi instances(String group);

    /** The coordinator of one group. */
    GroupsApi groups(String group);

    /** Every coordinator that holds a shard, for listing. */
    java.util.List<GroupsApi> allGroups();

    OffsetsApi offsets();
}
