package io.millrace.common.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.apache.kafka.common.Uuid;

/**
 * The key under which a client may send a request again. To a broker it is an idempotent producer that writes one batch into each partition
 * and never another one, so that it recognises the batch when it comes again (KIP-98). The ids of such producers have bit 62 set; those that
 * are given out to producers never have.
 *
 * @param producerId of that producer: 62 bits of a hash of topic and key
 * @param placement  other bits of the hash, not negative: they choose the partition of records without a key
 */
public record RequestKey(long producerId, int placement) {
    /** The least id of a request's key. */
    public static final long FIRST_PRODUCER_ID = 1L << 62;
    /** The epoch of all such producers. */
    public static final short PRODUCER_EPOCH = 0;

    /** Keys are scoped by topic. */
    public static RequestKey of(Uuid topicId, String key) {
        byte[] text = key.getBytes(UTF_8);
        ByteBuffer hashed = ByteBuffer.allocate(2 * Long.BYTES + text.length)
                .putLong(topicId.getMostSignificantBits()).putLong(topicId.getLeastSignificantBits()).put(text);
        ByteBuffer digest = ByteBuffer.wrap(sha256().digest(hashed.array()));
        return new RequestKey(digest.getLong() & FIRST_PRODUCER_ID - 1 | FIRST_PRODUCER_ID, digest.getInt()
                & Integer.MAX_VALUE);
    }

    public static boolean isProducerIdOfKey(long producerId) {
        return producerId >= FIRST_PRODUCER_ID;
    }

    /** Nobody can make two keys that collide, as with a cheaper hash: one of them would be refused as used already. */
    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
