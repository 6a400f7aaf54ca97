package io.millrace.gateway.json;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array that JSON is written into, to be sent in one piece. Made to be reused; not safe for use by several threads at once. */
public final class JsonOutput {
    private static final byte[] BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".getBytes(
            StandardCharsets.US_ASCII);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] REPLACEMENT = {(byte) 0xef, (byte) 0xbf, (byte) 0xbd};
    private static final int LONGEST_LONG = 20;
    private static final int LEAST_BYTES = 64;
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;
    /** {@code \\u001f} */
    private static final int LONGEST_ESCAPE = 6;

    private final Growth growth;
    private byte[] bytes;
    private int size;

    public JsonOutput(int initialBytes) {
        this(initialBytes, Growth.UNCOUNTED);
    }

    /** @param growth hears of every array but the first */
    public JsonOutput(int initialBytes, Growth growth) {
        this.growth = growth;
        bytes = new byte[Math.max(initialBytes, LEAST_BYTES)];
    }

    /** Counts the memory of an output that gets larger. */
    public interface Growth {
        /** Counts nothing. */
        Growth UNCOUNTED = new Growth() {
            @Override
            public void take(int bytes) {
                // There is no limit.
            }

            @Override
            public void giveBack(int bytes) {
                // Nor was it counted.
            }
        };

        /** Before there is a larger array. What it throws leaves the output as it is. */
        void take(int bytes);

        /** Once the smaller array is not used any more. */
        void giveBack(int bytes);
    }

    public void clear() {
        size = 0;
    }

    public int size() {
        return size;
    }

    /** Memory held, whether used or not. */
    public int capacity() {
        return bytes.length;
    }

    /** The array written into; valid from 0 to {@link #size} until the next write. */
    public byte[] array() {
        return bytes;
    }

    /** Takes back what was written last. */
    public void truncate(int newSize) {
        size = newSize;
    }

    public void writeTo(OutputStream target) throws IOException {
        target.write(bytes, 0, size);
    }

    /** One ASCII character. */
    public void write(char ascii) {
        ensureRoom(1);
        bytes[size++] = (byte) ascii;
    }

    public void write(byte[] source) {
        write(source, 0, source.length);
    }

    public void write(byte[] source, int start, int length) {
        ensureRoom(length);
        System.arraycopy(source, start, bytes, size, length);
        size += length;
    }

    /** The bytes with each line break made a space: in JSON text that changes nothing but the lay-out. */
    public void writeOnOneLine(byte[] source, int start, int length) {
        int from = size;
        write(source, start, length);
        for (int i = from; i < size; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                bytes[i] = ' ';
            }
        }
    }

    public void writeLong(long value) {
        ensureRoom(LONGEST_LONG);
        if (value == Long.MIN_VALUE) {
            write(Long.toString(value).getBytes(StandardCharsets.US_ASCII));
            return;
        }
        long rest = value;
        if (rest < 0) {
            bytes[size++] = '-';
            rest = -rest;
        }
        int digits = 1;
        for (long bound = 10; digits < 19 && rest >= bound; bound *= 10) {
            digits++;
        }
        for (int at = size + digits - 1; at >= size; at--) {
            long quotient = rest / 10;
            bytes[at] = (byte) ('0' + (rest - 10 * quotient));
            rest = quotient;
        }
        size += digits;
    }

    public void writeString(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        writeString(utf8, 0, utf8.length);
    }

    /** The bytes as a JSON string; what is not UTF-8 among them becomes U+FFFD. */
    public void writeString(byte[] source, int start, int length) {
        ensureRoom(length + 2);
        bytes[size++] = '"';
        int at = start;
        int end = start + length;
        while (at < end) {
            byte b = source[at];
            if (b >= 0x20 && b != '"' && b != '\\') {
                ensureRoom(end - at + 1);
                bytes[size++] = b;
                at++;
            } else if (b >= 0) {
                ensureRoom(end - at + LONGEST_ESCAPE);
                writeEscaped(b);
                at++;
            } else {
                int character = utf8Length(source, at, end);
                if (character > 0) {
                    write(source, at, character);
                    at += character;
                } else {
                    write(REPLACEMENT);
                    at++;
                }
            }
        }
        write('"');
    }

    /** The bytes as a JSON string of base64 (RFC 4648 section 4, padded). */
    public void writeBase64(byte[] source, int start, int length) {
        ensureRoom((length + 2) / 3 * 4 + 2);
        byte[] target = bytes;
        int to = size;
        target[to++] = '"';
        int at = start;
        int end = start + length;
        for (; end - at >= 3; at += 3) {
            int bits = (source[at] & 0xff) << 16 | (source[at + 1] & 0xff) << 8 | source[at + 2] & 0xff;
            target[to] = BASE64[bits >> 18];
            target[to + 1] = BASE64[bits >> 12 & 63];
            target[to + 2] = BASE64[bits >> 6 & 63];
            target[to + 3] = BASE64[bits & 63];
            to += 4;
        }
        if (end - at == 1) {
            int bits = (source[at] & 0xff) << 16;
            target[to++] = BASE64[bits >> 18];
            target[to++] = BASE64[bits >> 12 & 63];
            target[to++] = '=';
            target[to++] = '=';
        } else if (end - at == 2) {
            int bits = (source[at] & 0xff) << 16 | (source[at + 1] & 0xff) << 8;
            target[to++] = BASE64[bits >> 18];
            target[to++] = BASE64[bits >> 12 & 63];
            target[to++] = BASE64[bits >> 6 & 63];
            target[to++] = '=';
        }
        target[to++] = '"';
        size = to;
    }

    private void writeEscaped(byte b) {
        bytes[size++] = '\\';
        switch (b) {
            case '"', '\\' -> bytes[size++] = b;
            case '\n' -> bytes[size++] = 'n';
            case '\r' -> bytes[size++] = 'r';
            case '\t' -> bytes[size++] = 't';
            case '\b' -> bytes[size++] = 'b';
            case '\f' -> bytes[size++] = 'f';
            default -> {
                bytes[size++] = 'u';
                bytes[size++] = '0';
                bytes[size++] = '0';
                bytes[size++] = HEX[b >> 4];
                bytes[size++] = HEX[b & 15];
            }
        }
    }

    /** Length of the well-formed character of two to four bytes that begins here, or 0. */
    private static int utf8Length(byte[] source, int at, int end) {
        int lead = source[at] & 0xff;
        int length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (length == 0 || end - at < length) {
            return 0;
        }
        int second = source[at + 1] & 0xff;
        int lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (second < lowest || second > highest) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((source[at + i] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    private void ensureRoom(int more) {
        if (more > bytes.length - size) {
            if (more > LARGEST_ARRAY - size) {
                throw new IllegalStateException("more JSON than an array holds: " + size + " and " + more + " bytes");
            }
            int larger = (int) Math.max(size + more, Math.min(2L * bytes.length, LARGEST_ARRAY));
            growth.take(larger);
            int smaller = bytes.length;
            bytes = Arrays.copyOf(bytes, larger);
            growth.giveBack(smaller);
        }
    }
}
