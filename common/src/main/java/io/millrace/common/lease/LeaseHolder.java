package io.millrace.common.lease;

import io.millrace.common.metadata.CoordinatorNode;
import org.jspecify.annotations.Nullable;

/**
 * A process that holds leases, as the cluster image shows it to the others.
 *
 * @param id      identifies this run of the process: one that starts again is another holder
 * @param baseUrl where its HTTP API is, without a trailing slash
 * @param kafka   where its Kafka listener is; null for none
 */
public record LeaseHolder(String id, String baseUrl, @Nullable CoordinatorNode kafka) {}
