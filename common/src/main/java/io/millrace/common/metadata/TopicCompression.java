package io.millrace.common.metadata;

/**
 * How a topic's batches are stored ({@code compression.type}).
 *
 * @param level of the codec ({@code compression.gzip.level} ...); without meaning for those that have none
 */
public record TopicCompression(Codec codec, int level) {
    /** The names are those of {@code compression.type}. */
    public enum Codec {
        /** As they were sent. */
        PRODUCER, UNCOMPRESSED, GZIP, SNAPPY, LZ4, ZSTD
    }

    public static final TopicCompression AS_SENT = new TopicCompression(Codec.PRODUCER, 0);
}
