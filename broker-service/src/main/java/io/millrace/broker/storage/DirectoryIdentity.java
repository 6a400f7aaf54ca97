package io.millrace.broker.storage;

/**
 * Whose data a directory holds.
 *
 * @param clusterId the cluster's id, which never changes
 * @param brokerId  the broker's id within the cluster
 */
public record DirectoryIdentity(String clusterId, int brokerId) {}
