package io.millrace.gateway.json;

import java.util.Arrays;

/** Decodes a checked JSON string where it lies: the result is never longer than its source, so it replaces it without a copy elsewhere. */
public final class InPlaceDecoder {
    private static final byte[] BASE64 = base64Values();

    private InPlaceDecoder() {}

    /**
     * Replaces escapes by what they stand for, in UTF-8.
     *
     * @param start of a string that a {@link JsonScanner} has passed over
     * @return where the result ends; it begins at {@code start}
     * @throws MalformedJsonException for half of a surrogate pair: JSON can spell it, UTF-8 cannot
     */
    public static int unescape(byte[] bytes, int start, int end) {
        int to = start;
        int at = start;
        while (at < end) {
            byte b = bytes[at++];
            if (b != '\\') {
                bytes[to++] = b;
                continue;
            }
            byte kind = bytes[at++];
            switch (kind) {
                case 'b' -> bytes[to++] = '\b';
                case 'f' -> bytes[to++] = '\f';
                case 'n' -> bytes[to++] = '\n';
                case 'r' -> bytes[to++] = '\r';
                case 't' -> bytes[to++] = '\t';
                case 'u' -> {
                    int codePoint = hex(bytes, at);
                    int escapeStart = at - 2;
                    at += 4;
                    if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                        boolean paired = codePoint <= Character.MAX_HIGH_SURROGATE && end - at >= 6 && bytes[at] == '\\'
                                && bytes[at + 1] == 'u';
                        int low = paired ? hex(bytes, at + 2) : 0;
                        if (low < Character.MIN_LOW_SURROGATE || low > Character.MAX_LOW_SURROGATE) {
                            throw new MalformedJsonException(escapeStart, "half of a surrogate pair");
                        }
                        codePoint = Character.toCodePoint((char) codePoint, (char) low);
                        at += 6;
                    }
                    to = writeUtf8(bytes, to, codePoint);
                }
                default -> bytes[to++] = kind;
            }
        }
        return to;
    }

    /**
     * Decodes base64 (RFC 4648 section 4, with or without padding).
     *
     * @return where the result ends; it begins at {@code start}
     * @throws MalformedJsonException if it is not base64
     */
    public static int base64(byte[] bytes, int start, int end) {
        int textEnd = end;
        if ((end - start) % 4 == 0 && end > start && bytes[end - 1] == '=') {
            textEnd = bytes[end - 2] == '=' ? end - 2 : end - 1;
        }
        int to = start;
        int at = start;
        for (; at + 4 <= textEnd; at += 4) {
            int bits = sextet(bytes, at) << 18 | sextet(bytes, at + 1) << 12 | sextet(bytes, at + 2) << 6 | sextet(
                    bytes, at + 3);
            bytes[to] = (byte) (bits >> 16);
            bytes[to + 1] = (byte) (bits >> 8);
            bytes[to + 2] = (byte) bits;
            to += 3;
        }
        switch (textEnd - at) {
            case 0 -> {}
            case 2 -> bytes[to++] = (byte) (sextet(bytes, at) << 2 | sextet(bytes, at + 1) >> 4);
            case 3 -> {
                int bits = sextet(bytes, at) << 10 | sextet(bytes, at + 1) << 4 | sextet(bytes, at + 2) >> 2;
                bytes[to++] = (byte) (bits >> 8);
                bytes[to++] = (byte) bits;
            }
            default -> throw new MalformedJsonException(at, "not base64: one character is left over");
        }
        return to;
    }

    private static int sextet(byte[] bytes, int at) {
        byte value = BASE64[bytes[at] & 0xff];
        if (value < 0) {
            throw new MalformedJsonException(at, "not base64");
        }
        return value;
    }

    private static int hex(byte[] bytes, int at) {
        return Character.digit(bytes[at], 16) << 12 | Character.digit(bytes[at + 1], 16) << 8
                | Character.digit(bytes[at + 2], 16) << 4 | Character.digit(bytes[at + 3], 16);
    }

    private static int writeUtf8(byte[] bytes, int position, int codePoint) {
        int to = position;
        if (codePoint < 0x80) {
            bytes[to++] = (byte) codePoint;
        } else if (codePoint < 0x800) {
            bytes[to++] = (byte) (0xc0 | codePoint >> 6);
            bytes[to++] = (byte) (0x80 | codePoint & 0x3f);
        } else if (codePoint < 0x10000) {
            bytes[to++] = (byte) (0xe0 | codePoint >> 12);
            bytes[to++] = (byte) (0x80 | codePoint >> 6 & 0x3f);
            bytes[to++] = (byte) (0x80 | codePoint & 0x3f);
        } else {
            bytes[to++] = (byte) (0xf0 | codePoint >> 18);
            bytes[to++] = (byte) (0x80 | codePoint >> 12 & 0x3f);
            bytes[to++] = (byte) (0x80 | codePoint >> 6 & 0x3f);
            bytes[to++] = (byte) (0x80 | codePoint & 0x3f);
        }
        return to;
    }

    private static byte[] base64Values() {
        byte[] values = new byte[256];
        Arrays.fill(values, (byte) -1);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (int i = 0; i < alphabet.length(); i++) {
            values[alphabet.charAt(i)] = (byte) i;
        }
        return values;
    }
}
