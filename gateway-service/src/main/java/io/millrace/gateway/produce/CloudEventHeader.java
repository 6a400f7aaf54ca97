package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/** The value of an attribute as a header has it, by the HTTP protocol binding of CloudEvents 1.0.2, section 3.1.3.2. The SDK reads it as it is. */
final class CloudEventHeader {
    private static final int HEX_DIGITS = 2;

    private CloudEventHeader() {}

    /** Without quotes and percent-encoding. Bytes that are no UTF-8 are taken for ISO 8859-1, as the header came. */
    static String decoded(String header) {
        String unquoted = unquoted(header);
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(withoutPercents(unquoted))).toString();
        } catch (CharacterCodingException e) {
            return unquoted;
        }
    }

    private static String unquoted(String header) {
        boolean isQuoted = header.length() > 1 && header.startsWith("\"") && header.endsWith("\"");
        return isQuoted ? header.substring(1, header.length() - 1).replaceAll("\\\\(.)", "$1") : header;
    }

    private static byte[] withoutPercents(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        var decoded = new ByteArrayOutputStream(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            int high = bytes[i] == '%' && i + HEX_DIGITS < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(bytes[i + 2], 16);
            if (low < 0) {
                decoded.write(bytes[i]);
            } else {
                decoded.write(high << 4 | low);
                i += HEX_DIGITS;
            }
        }
        return decoded.toByteArray();
    }
}
