package io.millrace.common.metadata;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How much of the metadata's history a process has seen: by which it is noticed that PostgreSQL has lost some of it.
 *
 * @param clusterId   of which cluster; of another one nothing is known
 * @param incarnation of the metadata
 * @param run         of the PostgreSQL server in which the version was taken; null if nothing is known
 * @param version     of the cluster
 */
public record Knowledge(String clusterId, int incarnation, @Nullable UUID run, long version) {
    public static final Knowledge NONE = new Knowledge("", 0, null, -1);
}
