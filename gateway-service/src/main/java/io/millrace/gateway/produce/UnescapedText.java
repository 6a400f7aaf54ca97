package io.millrace.gateway.produce;

import java.io.InputStream;

/**
 * The text of a JSON string that a scanner has passed, its escapes decoded as it is read: neither is it copied, nor are the bytes changed,
 * which are to be stored as they came. For text of ASCII; any other character that is escaped comes as a byte that no such text has.
 */
final class UnescapedText extends InputStream {
    private static final int NOT_ASCII = 0xff;
    private static final int HEX_DIGITS = 4;

    private final byte[] bytes;
    private final int end;
    private int at;

    /** @param start behind the opening quote @param end where the closing quote is */
    UnescapedText(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.at = start;
        this.end = end;
    }

    @Override
    public int read() {
        if (at == end) {
            return -1;
        }
        byte b = bytes[at++];
        if (b != '\\') {
            return b & 0xff;
        }
        return switch (bytes[at++]) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> codeUnit();
            default -> bytes[at - 1];
        };
    }

    private int codeUnit() {
        int unit = 0;
        for (int digit = 0; digit < HEX_DIGITS; digit++) {
            unit = unit << 4 | Character.digit(bytes[at++], 16);
        }
        return unit < 0x80 ? unit : NOT_ASCII;
    }
}
