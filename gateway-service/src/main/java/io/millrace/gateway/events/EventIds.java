package io.millrace.gateway.events;

import io.millrace.gateway.events.Subscription.SubscribedTopic;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.CRC32C;

/**
 * The ids of a subscription's events: each holds the next offset of every partition, so that any gateway can go on after it.
 *
 * <pre>
 * base64url( version | shape (2 bytes) | per topic: id hash (3 bytes), partition count, next offsets | check (3 bytes) )
 * </pre>
 *
 * Counts and offsets are unsigned LEB128. The shape is a hash of what was subscribed to and tells an id of another subscription; the check
 * is a CRC32C over the rest and the shape's full text. The id hash tells a topic from its successor of the same name. Which partitions the
 * offsets belong to follows from the subscription.
 *
 * <p>Not thread-safe: each feed and each stream has its own.
 */
final class EventIds {
    /** Longest id that is looked at, in characters; what a request header can hold. */
    static final int MAX_LENGTH = 7168;

    private static final int VERSION = 1;
    private static final int SHAPE_BYTES = 2;
    private static final int TOPIC_HASH_BYTES = 3;
    private static final int CHECK_BYTES = 3;
    private static final int MAX_VARINT_BYTES = 10;
    private static final byte[] ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".getBytes(
            StandardCharsets.US_ASCII);

    private final Subscription subscription;
    private final byte[] shapeText;
    private final int shape;
    private final int[] topicHashes;
    private final CRC32C crc = new CRC32C();
    private final byte[] raw;

    EventIds(Subscription subscription) {
        this.subscription = subscription;
        this.shapeText = shapeText(subscription);
        this.shape = checksum(shapeText, 0, shapeText.length) & 0xffff;
        this.topicHashes = subscription.topics().stream().mapToInt(EventIds::topicHash).toArray();
        this.raw = new byte[1 + SHAPE_BYTES + topicHashes.length * (TOPIC_HASH_BYTES + MAX_VARINT_BYTES)
                + subscription.size() * MAX_VARINT_BYTES + CHECK_BYTES];
    }

    /** The most characters an id of this subscription can have. */
    int maxLength() {
        return (raw.length * 4 + 2) / 3;
    }

    String encode(long[] positions) {
        var text = new byte[maxLength()];
        int length = encode(positions, text, 0);
        return new String(text, 0, length, StandardCharsets.US_ASCII);
    }

    /** Writes the id of a stream that has come to {@code positions} and returns where it ends; needs {@link #maxLength()} bytes of room. */
    int encode(long[] positions, byte[] target, int at) {
        int length = 0;
        raw[length++] = VERSION;
        length = putInt(shape, SHAPE_BYTES, length);
        int index = 0;
        for (int t = 0; t < topicHashes.length; t++) {
            length = putInt(topicHashes[t], TOPIC_HASH_BYTES, length);
            int count = subscription.topics().get(t).partitions().size();
            length = putVarint(count, length);
            for (int p = 0; p < count; p++) {
                length = putVarint(positions[index++], length);
            }
        }
        length = putInt(check(raw, length), CHECK_BYTES, length);
        return putBase64(length, target, at);
    }

    /** Reads an id that a client sent. Any text is taken; what is not an id of this subscription is refused with the reason. */
    Decoded decode(String id) {
        if (id.length() > MAX_LENGTH) {
            return new Decoded.Refused("the event id is longer than " + MAX_LENGTH + " characters");
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(id);
        } catch (IllegalArgumentException e) {
            return new Decoded.Refused("the event id is not one of ours: " + e.getMessage());
        }
        if (bytes.length < 1 + SHAPE_BYTES + CHECK_BYTES || bytes[0] != VERSION) {
            return new Decoded.Refused(
                    "the event id is not one of ours, or of a version that this gateway does not know");
        }
        if (getInt(bytes, 1, SHAPE_BYTES) != shape) {
            return new Decoded.Refused("the event id belongs to a subscription of other topics or partitions");
        }
        int end = bytes.length - CHECK_BYTES;
        if (getInt(bytes, end, CHECK_BYTES) != check(bytes, end)) {
            return new Decoded.Refused("the event id is damaged");
        }
        return new Reading(bytes, end).decode();
    }

    private int check(byte[] bytes, int length) {
        crc.reset();
        crc.update(shapeText);
        crc.update(bytes, 0, length);
        return (int) crc.getValue() & 0xffffff;
    }

    private int putInt(int value, int size, int at) {
        for (int i = 0; i < size; i++) {
            raw[at + i] = (byte) (value >>> 8 * i);
        }
        return at + size;
    }

    private int putVarint(long value, int at) {
        long rest = value;
        int next = at;
        while ((rest & ~0x7fL) != 0) {
            raw[next++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        raw[next++] = (byte) rest;
        return next;
    }

    private int putBase64(int length, byte[] target, int at) {
        int next = at;
        int i = 0;
        for (; i + 2 < length; i += 3) {
            int bits = (raw[i] & 0xff) << 16 | (raw[i + 1] & 0xff) << 8 | raw[i + 2] & 0xff;
            target[next++] = ALPHABET[bits >>> 18];
            target[next++] = ALPHABET[bits >>> 12 & 63];
            target[next++] = ALPHABET[bits >>> 6 & 63];
            target[next++] = ALPHABET[bits & 63];
        }
        int left = length - i;
        if (left > 0) {
            int bits = (raw[i] & 0xff) << 16 | (left == 2 ? (raw[i + 1] & 0xff) << 8 : 0);
            target[next++] = ALPHABET[bits >>> 18];
            target[next++] = ALPHABET[bits >>> 12 & 63];
            if (left == 2) {
                target[next++] = ALPHABET[bits >>> 6 & 63];
            }
        }
        return next;
    }

    private static int getInt(byte[] bytes, int at, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[at + i] & 0xff) << 8 * i;
        }
        return value;
    }

    private static int checksum(byte[] bytes, int from, int length) {
        var crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    private static int topicHash(SubscribedTopic topic) {
        var id = topic.id().toString().getBytes(StandardCharsets.US_ASCII);
        return checksum(id, 0, id.length) & 0xffffff;
    }

    /** What a client asked for in words: the same after a topic grew or was made anew. */
    private static byte[] shapeText(Subscription subscription) {
        var text = new StringBuilder();
        for (var topic : subscription.topics()) {
            text.append(topic.name()).append(topic.whole() ? "/*" : "/" + topic.partitions()).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What an id says. */
    sealed interface Decoded {
        /**
         * @param positions next offset of each partition of the subscription; 0 for those that the topic has got since
         * @param successor for each partition: true when the topic was deleted and created again, so that the position is of the old one
         */
        record Positions(long[] positions, boolean[] successor) implements Decoded {
            @Override
            public boolean equals(Object other) {
                return other instanceof Positions(long[] otherPositions, boolean[] otherSuccessor)
                        && Arrays.equals(positions, otherPositions) && Arrays.equals(successor, otherSuccessor);
            }

            @Override
            public int hashCode() {
                return Arrays.hashCode(positions);
            }

            @Override
            public String toString() {
                return "Positions" + Arrays.toString(positions) + Arrays.toString(successor);
            }
        }

        record Refused(String reason) implements Decoded {}
    }

    /** One pass over an id's bytes, whose check held. */
    private final class Reading {
        private final byte[] bytes;
        private final int end;
        private int at = 1 + SHAPE_BYTES;
        private boolean broken;

        Reading(byte[] bytes, int end) {
            this.bytes = bytes;
            this.end = end;
        }

        Decoded decode() {
            var positions = new long[subscription.size()];
            var successor = new boolean[subscription.size()];
            int first = 0;
            for (int t = 0; t < topicHashes.length; t++) {
                int present = subscription.topics().get(t).partitions().size();
                boolean sameTopic = topicHash() == topicHashes[t];
                long count = varint();
                for (int p = 0; p < count && !broken; p++) {
                    long position = varint();
                    if (p < present) {
                        positions[first + p] = position;
                        successor[first + p] = !sameTopic;
                    }
                }
                if (sameTopic && count > present) {
                    return new Decoded.Refused("the event id names more partitions than the topic has");
                }
                first += present;
            }
            return broken || at != end ? new Decoded.Refused("the event id is damaged")
                    : new Decoded.Positions(positions, successor);
        }

        private int topicHash() {
            if (at + TOPIC_HASH_BYTES > end) {
                broken = true;
                return 0;
            }
            at += TOPIC_HASH_BYTES;
            return getInt(bytes, at - TOPIC_HASH_BYTES, TOPIC_HASH_BYTES);
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; shift < 64 && at < end; shift += 7) {
                byte next = bytes[at++];
                value |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    broken |= value < 0;
                    return value;
                }
            }
            broken = true;
            return 0;
        }
    }
}
