package io.millrace.gateway.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Walks JSON text (RFC 8259) in one pass and checks all of it: grammar, UTF-8 and nesting. Values are not built but skipped, so that a
 * caller takes them as slices of the input. Made to be reused with {@link #reset}; not safe for use by several threads at once.
 */
public final class JsonScanner {
    /** Deeper nesting is refused: those who parse what is stored would run out of stack. */
    public static final int MAX_DEPTH = 512;

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    private final long[] objectAtDepth = new long[MAX_DEPTH / Long.SIZE];
    private byte[] bytes = new byte[0];
    private int position;
    private int end;
    private int stringStart;
    private int stringEnd;
    private boolean stringHasEscapes;

    public void reset(byte[] source, int start, int length) {
        bytes = source;
        position = start;
        end = start + length;
    }

    /** Whether the slice is exactly one JSON value, with or without white space around it. */
    public boolean isOneValue(byte[] source, int start, int length) {
        reset(source, start, length);
        try {
            skipWhitespace();
            skipValue();
            skipWhitespace();
            return position == end;
        } catch (MalformedJsonException _) {
            return false;
        }
    }

    public int position() {
        return position;
    }

    public boolean atEnd() {
        return position == end;
    }

    /** The next byte, or -1 at the end. */
    public int peek() {
        return position < end ? bytes[position] : -1;
    }

    public void skipWhitespace() {
        while (position < end) {
            switch (bytes[position]) {
                case ' ', '\t', '\n', '\r' -> position++;
                default -> {
                    return;
                }
            }
        }
    }

    /** Passes over the byte if it is next. */
    public boolean skip(char expected) {
        if (position < end && bytes[position] == expected) {
            position++;
            return true;
        }
        return false;
    }

    public void expect(char expected) {
        if (!skip(expected)) {
            throw malformed("expected '" + expected + "'");
        }
    }

    /** Passes over {@code null} if it is next. */
    public boolean skipNull() {
        if (peek() != 'n') {
            return false;
        }
        skipLiteral("null");
        return true;
    }

    /** Checks and passes over one value; white space before it must be skipped already. */
    public void skipValue() {
        int depth = 0;
        while (true) {
            boolean opened = switch (peek()) {
                case '{' -> openObject(depth);
                case '[' -> openArray(depth);
                default -> {
                    skipScalar();
                    yield false;
                }
            };
            if (opened) {
                depth++;
                continue;
            }
            depth = closeOrContinue(depth);
            if (depth == 0) {
                return;
            }
        }
    }

    /** After a value: passes over closing brackets up to the comma that another value follows. @return the depth of that value, or 0 */
    private int closeOrContinue(int startDepth) {
        int depth = startDepth;
        while (depth > 0) {
            boolean inObject = (objectAtDepth[(depth - 1) >> 6] & 1L << (depth - 1)) != 0;
            skipWhitespace();
            if (skip(',')) {
                skipWhitespace();
                if (inObject) {
                    skipMemberName();
                }
                return depth;
            }
            if (!skip(inObject ? '}' : ']')) {
                throw malformed(inObject ? "expected ',' or '}'" : "expected ',' or ']'");
            }
            depth--;
        }
        return 0;
    }

    /** @return false when the object was empty and is closed already */
    private boolean openObject(int depth) {
        checkDepth(depth);
        position++;
        skipWhitespace();
        if (skip('}')) {
            return false;
        }
        push(depth, true);
        skipMemberName();
        return true;
    }

    private boolean openArray(int depth) {
        checkDepth(depth);
        position++;
        skipWhitespace();
        if (skip(']')) {
            return false;
        }
        push(depth, false);
        return true;
    }

    private void checkDepth(int depth) {
        if (depth == MAX_DEPTH) {
            throw malformed("nested deeper than " + MAX_DEPTH);
        }
    }

    private void push(int depth, boolean isObject) {
        long bit = 1L << depth;
        if (isObject) {
            objectAtDepth[depth >> 6] |= bit;
        } else {
            objectAtDepth[depth >> 6] &= ~bit;
        }
    }

    private void skipMemberName() {
        scanString();
        skipWhitespace();
        expect(':');
        skipWhitespace();
    }

    private void skipScalar() {
        switch (peek()) {
            case '"' -> scanString();
            case 't' -> skipLiteral("true");
            case 'f' -> skipLiteral("false");
            case 'n' -> skipLiteral("null");
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> skipNumber();
            default -> throw malformed("expected a value");
        }
    }

    private void skipLiteral(String literal) {
        if (end - position < literal.length()) {
            throw malformed("expected a value");
        }
        for (int i = 0; i < literal.length(); i++) {
            if (bytes[position + i] != literal.charAt(i)) {
                throw malformed("expected a value");
            }
        }
        position += literal.length();
    }

    private void skipNumber() {
        skip('-');
        if (!skip('0')) {
            skipDigits();
        }
        if (skip('.')) {
            skipDigits();
        }
        if (skip('e') || skip('E')) {
            if (!skip('+')) {
                skip('-');
            }
            skipDigits();
        }
    }

    private void skipDigits() {
        int first = position;
        while (position < end && bytes[position] >= '0' && bytes[position] <= '9') {
            position++;
        }
        if (position == first) {
            throw malformed("expected a digit");
        }
    }

    /** Checks and passes over an integer without fraction or exponent. */
    public long readInteger() {
        int first = position;
        skipNumber();
        long value = 0;
        boolean negative = bytes[first] == '-';
        for (int at = negative ? first + 1 : first; at < position; at++) {
            int digit = bytes[at] - '0';
            if (digit < 0 || digit > 9) {
                throw new MalformedJsonException(first, "expected a whole number");
            }
            if (value > (Long.MAX_VALUE - digit) / 10) {
                throw new MalformedJsonException(first, "number out of range");
            }
            value = 10 * value + digit;
        }
        return negative ? -value : value;
    }

    /** Checks and passes over a string; {@link #stringStart}, {@link #stringEnd} and {@link #stringHasEscapes} then tell of it. */
    public void scanString() {
        expect('"');
        stringStart = position;
        stringHasEscapes = false;
        while (true) {
            skipPlainWords();
            if (position >= end) {
                throw malformed("string without end");
            }
            byte b = bytes[position];
            if (b == '"') {
                stringEnd = position++;
                return;
            }
            if (b == '\\') {
                stringHasEscapes = true;
                skipEscape();
            } else if (b >= 0x20) {
                position++;
            } else if (b >= 0) {
                throw malformed("control character in a string");
            } else {
                skipMultibyte(b);
            }
        }
    }

    public int stringStart() {
        return stringStart;
    }

    public int stringEnd() {
        return stringEnd;
    }

    public boolean stringHasEscapes() {
        return stringHasEscapes;
    }

    /** Eight bytes at a time, up to the first word with a quote, a backslash, a control character or a byte beyond ASCII. */
    private void skipPlainWords() {
        int at = position;
        while (at + Long.BYTES <= end) {
            long word = (long) WORD.get(bytes, at);
            long quote = word ^ 0x2222_2222_2222_2222L;
            long backslash = word ^ 0x5c5c_5c5c_5c5c_5c5cL;
            long special = word | word - 0x2020_2020_2020_2020L | (quote - ONES & ~quote) | (backslash - ONES
                    & ~backslash);
            if ((special & HIGH_BITS) != 0) {
                break;
            }
            at += Long.BYTES;
        }
        position = at;
    }

    private void skipEscape() {
        position++;
        switch (peek()) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> position++;
            case 'u' -> {
                position++;
                for (int i = 0; i < 4; i++) {
                    if (position >= end || Character.digit(bytes[position], 16) < 0) {
                        throw malformed("expected four hexadecimal digits");
                    }
                    position++;
                }
            }
            default -> throw malformed("unknown escape");
        }
    }

    /** One character of two to four bytes (RFC 3629, table 3-7 of Unicode): no overlong form, no surrogate, nothing above U+10FFFF. */
    private void skipMultibyte(byte lead) {
        int length;
        int lowest = 0x80;
        int highest = 0xbf;
        switch (lead & 0xff) {
            case 0xe0 -> {
                length = 3;
                lowest = 0xa0;
            }
            case 0xed -> {
                length = 3;
                highest = 0x9f;
            }
            case 0xf0 -> {
                length = 4;
                lowest = 0x90;
            }
            case 0xf4 -> {
                length = 4;
                highest = 0x8f;
            }
            default -> {
                int unsigned = lead & 0xff;
                if (unsigned < 0xc2 || unsigned > 0xf4) {
                    throw malformed("invalid UTF-8");
                }
                length = unsigned < 0xe0 ? 2 : unsigned < 0xf0 ? 3 : 4;
            }
        }
        if (end - position < length) {
            throw malformed("invalid UTF-8");
        }
        for (int i = 1; i < length; i++) {
            int continuation = bytes[position + i] & 0xff;
            if (continuation < lowest || continuation > highest) {
                throw malformed("invalid UTF-8");
            }
            lowest = 0x80;
            highest = 0xbf;
        }
        position += length;
    }

    private MalformedJsonException malformed(String what) {
        return new MalformedJsonException(position, position >= end ? what + ", but the text ends" : what);
    }
}
