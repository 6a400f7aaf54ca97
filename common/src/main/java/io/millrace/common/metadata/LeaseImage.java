package io.millrace.common.metadata;

/**
 * Who holds a named lease, as last seen. A hint where to send a request: the holder itself decides whether it still holds it.
 *
 * @param name    {@code controller} or {@code shard-N}
 * @param holder  id of the process that holds it
 * @param baseUrl where its HTTP API is, without a trailing slash
 * @param epoch   rises with every change of holder
 */
public record LeaseImage(String name, String holder, String baseUrl, long epoch) {}
