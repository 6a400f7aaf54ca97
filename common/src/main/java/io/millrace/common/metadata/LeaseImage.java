package io.millrace.common.metadata;

import org.jspecify.annotations.Nullable;

/**
 * Who holds a named lease, as last seen. A hint where to send a request: the holder itself decides whether it still holds it.
 *
 * @param name    {@code controller} or {@code shard-N}
 * @param holder  id of the process that holds it
 * @param baseUrl where its HTTP API is, without a trailing slash
 * @param epoch   rises with every change of holder
 * @param kafka   its Kafka listener; null for one that has none
 */
public record LeaseImage(String name, String holder, String baseUrl, long epoch, @Nullable CoordinatorNode kafka) {
    /** One that is reached over HTTP alone. */
    public LeaseImage(String name, String holder, String baseUrl, long epoch) {
        this(name, holder, baseUrl, epoch, null);
    }
}
