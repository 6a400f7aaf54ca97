package io.millrace.gateway.json;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

class JsonScannerTest {
    private static final JsonFactory JACKSON = JsonFactory.builder().streamReadConstraints(StreamReadConstraints
            .builder()
            .maxNestingDepth(JsonScanner.MAX_DEPTH).maxNumberLength(1_000_000).build()).build();

    private final JsonScanner scanner = new JsonScanner();

    @Test
    void agrees_with_jackson_on_whatever_is_generated_and_broken() {
        var random = new Random(1234);
        int valid = 0;
        int invalid = 0;
        for (int i = 0; i < 60_000; i++) {
            var text = new StringBuilder();
            space(text, random);
            value(text, random, 0);
            space(text, random);
            byte[] bytes = text.toString().getBytes(UTF_8);
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                bytes = mutate(bytes, random);
            }
            boolean expected = isJson(bytes);
            assertThat(isOneValue(bytes)).as(() -> "seed 1234").as(new String(bytes, ISO_8859_1)).isEqualTo(expected);
            valid += expected ? 1 : 0;
            invalid += expected ? 0 : 1;
        }
        assertThat(valid).isGreaterThan(10_000);
        assertThat(invalid).isGreaterThan(10_000);
    }

    @Test
    void agrees_with_the_jdk_on_what_is_utf8() {
        var random = new Random(99);
        int[] leads = {0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3,
                0xf4, 0xf5, 0xff};
        int[] followers = {0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0};
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[3 + random.nextInt(12)];
            Arrays.fill(bytes, (byte) 'x');
            bytes[0] = '"';
            int at = 1 + random.nextInt(bytes.length - 2);
            bytes[at++] = (byte) leads[random.nextInt(leads.length)];
            for (int length = random.nextInt(4); length > 0 && at < bytes.length - 1; length--) {
                bytes[at++] = (byte) followers[random.nextInt(followers.length)];
            }
            bytes[bytes.length - 1] = '"';

            assertThat(isOneValue(bytes)).as(Arrays.toString(bytes)).isEqualTo(isUtf8(bytes));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "1e5", "1E-5", "-0.5e+10", "\"\"", "\"\\ud800\"", "\"\\/\"", "[]", "{}", " [ ] ",
            "{\"a\":1,\"a\":2}",
            "\"\\u0000\"", "true", "null", "[[[]],{}]", "\"12345678\"", "\"1234567\\\"9\""})
    void takes_what_rfc_8259_allows(String text) {
        assertThat(isOneValue(text.getBytes(UTF_8))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "01", "-", "+1", ".5", "1.", "1e", "0x1", "NaN", "Infinity", "'a'", "\"\t\"",
            "\"\\x\"", "\"\\u12g4\"", "\"",
            "[1,]", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[1 2]", "nul", "truee", "[", "]", "{\"a\"}", "1 2", "//x\n1",
            "\"12345678", "\"\\"})
    void refuses_what_it_does_not(String text) {
        assertThat(isOneValue(text.getBytes(UTF_8))).isFalse();
    }

    @Test
    void takes_nesting_up_to_the_limit_and_no_deeper() {
        String deepest = "[".repeat(JsonScanner.MAX_DEPTH) + "]".repeat(JsonScanner.MAX_DEPTH);
        String mixed = "{\"a\":[".repeat(JsonScanner.MAX_DEPTH / 2) + "1" + "]}".repeat(JsonScanner.MAX_DEPTH / 2);

        assertThat(isOneValue(deepest.getBytes(UTF_8))).isTrue();
        assertThat(isOneValue(mixed.getBytes(UTF_8))).isTrue();
        assertThat(isOneValue(("[1," + deepest.substring(0, deepest.length() - 1) + "]]").getBytes(UTF_8))).isFalse();
        assertThat(isOneValue("[".repeat(1_000_000).getBytes(UTF_8))).isFalse();
    }

    @Test
    void takes_numbers_of_any_length() {
        assertThat(isOneValue(("-" + "9".repeat(100_000) + "e" + "1".repeat(1000)).getBytes(UTF_8))).isTrue();
    }

    @Test
    void looks_at_its_slice_alone() {
        byte[] bytes = "xx{\"a\":1}yy".getBytes(UTF_8);

        assertThat(scanner.isOneValue(bytes, 2, 7)).isTrue();
        assertThat(scanner.isOneValue(bytes, 2, 6)).isFalse();
        assertThat(scanner.isOneValue("1234".getBytes(UTF_8), 1, 2)).isTrue();
    }

    @Test
    void decodes_in_place_what_jackson_decodes() {
        var random = new Random(5);
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            string(text, random);
            byte[] bytes = text.toString().getBytes(UTF_8);
            if (!isJson(bytes)) {
                continue;
            }
            scanner.reset(bytes, 0, bytes.length);
            scanner.scanString();
            String expected = decoded(bytes);
            if (expected.codePoints().anyMatch(point -> point >= 0xd800 && point <= 0xdfff)) {
                assertThatThrownBy(() -> InPlaceDecoder.unescape(bytes, scanner.stringStart(), scanner.stringEnd()))
                        .isInstanceOf(MalformedJsonException.class);
            } else {
                int end = InPlaceDecoder.unescape(bytes, scanner.stringStart(), scanner.stringEnd());
                assertThat(new String(bytes, 1, end - 1, UTF_8)).isEqualTo(expected);
            }
        }
    }

    @Test
    void decodes_base64_as_the_jdk_encodes_it() {
        var random = new Random(6);
        for (int i = 0; i < 2_000; i++) {
            byte[] source = new byte[random.nextInt(50)];
            random.nextBytes(source);
            for (var encoder : new Base64.Encoder[]{Base64.getEncoder(), Base64.getEncoder().withoutPadding()}) {
                byte[] text = encoder.encode(source);
                int end = InPlaceDecoder.base64(text, 0, text.length);
                assertThat(Arrays.copyOf(text, end)).isEqualTo(source);
            }
            var out = new JsonOutput(8);
            out.writeBase64(source, 0, source.length);
            assertThat(new String(out.array(), 0, out.size(), UTF_8)).isEqualTo("\"" + Base64.getEncoder()
                    .encodeToString(source) + "\"");
        }
    }

    @Test
    void writes_strings_that_read_back_as_they_were() {
        var random = new Random(7);
        for (int i = 0; i < 5_000; i++) {
            byte[] source = new byte[random.nextInt(40)];
            random.nextBytes(source);
            for (int at = 0; at < source.length; at++) {
                source[at] = random.nextBoolean() ? (byte) (source[at] & 0x7f) : source[at];
            }
            var out = new JsonOutput(8);
            out.writeString(source, 0, source.length);
            byte[] written = Arrays.copyOf(out.array(), out.size());

            assertThat(isOneValue(written)).isTrue();
            if (isUtf8(source)) {
                assertThat(decoded(written)).isEqualTo(new String(source, UTF_8));
            } else {
                assertThat(decoded(written)).contains("\ufffd");
            }
        }
    }

    @Test
    void writes_numbers() {
        for (long value : new long[]{0, 1, -1, 9, 10, 99, 100, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE,
                -1_234_567_890_123L,
                1_000_000_000_000_000_000L, 999_999_999_999_999_999L}) {
            var out = new JsonOutput(1);
            out.writeLong(value);
            assertThat(new String(out.array(), 0, out.size(), UTF_8)).isEqualTo(Long.toString(value));
        }
    }

    private boolean isOneValue(byte[] bytes) {
        return scanner.isOneValue(bytes, 0, bytes.length);
    }

    /** Jackson is lenient with invalid UTF-8 and skips a byte order mark; RFC 8259 is not and does not. */
    private static boolean isJson(byte[] bytes) {
        if (!isUtf8(bytes) || bytes.length > 0 && bytes[0] == (byte) 0xef) {
            return false;
        }
        try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), new String(bytes, UTF_8))) {
            if (parser.nextToken() == null) {
                return false;
            }
            parser.skipChildren();
            parser.finishToken();
            return parser.nextToken() == null;
        } catch (JacksonException _) {
            return false;
        }
    }

    private static String decoded(byte[] bytes) {
        try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), new String(bytes, UTF_8))) {
            parser.nextToken();
            return parser.getString();
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException _) {
            return false;
        }
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return bytes;
        }
        byte[] changed = bytes.clone();
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(4)) {
            case 0 -> changed[at] = (byte) random.nextInt(256);
            case 1 -> changed[at] = (byte) "{}[]\",:\\utrfn0e-+. \t".charAt(random.nextInt(20));
            case 2 -> changed = Arrays.copyOf(bytes, at);
            default -> {
                changed = Arrays.copyOf(bytes, bytes.length + 1);
                System.arraycopy(bytes, at, changed, at + 1, bytes.length - at);
                changed[at] = (byte) "{}[]\",:\\utrfn0e-+. \t".charAt(random.nextInt(20));
            }
        }
        return changed;
    }

    private static void value(StringBuilder text, Random random, int depth) {
        switch (random.nextInt(depth > 6 ? 5 : 8)) {
            case 0 -> text.append(new String[]{"true", "false", "null"}[random.nextInt(3)]);
            case 1, 2 -> text.append(new String[]{"0", "-1.5", "12e3", "-0.0E-7",
                    "123456789012345678901234567890"}[random.nextInt(5)]);
            case 3, 4 -> string(text, random);
            case 5 -> members(text, random, depth, '[', ']');
            default -> members(text, random, depth, '{', '}');
        }
    }

    private static void members(StringBuilder text, Random random, int depth, char open, char close) {
        text.append(open);
        space(text, random);
        for (int i = random.nextInt(4); i > 0; i--) {
            if (open == '{') {
                string(text, random);
                space(text, random);
                text.append(':');
                space(text, random);
            }
            value(text, random, depth + 1);
            space(text, random);
            if (i > 1) {
                text.append(',');
                space(text, random);
            }
        }
        text.append(close);
    }

    private static void string(StringBuilder text, Random random) {
        String[] pieces = {"a", "plain words that are longer than eight bytes", "\\n", "\\\"", "\\u00e9",
                "\\ud83d\\ude00", "é", "€", "😀", "\\\\",
                "\\/", "\u007f", "\\ud800"};
        text.append('"');
        for (int i = random.nextInt(5); i > 0; i--) {
            text.append(pieces[random.nextInt(pieces.length)]);
        }
        text.append('"');
    }

    private static void space(StringBuilder text, Random random) {
        if (random.nextInt(6) == 0) {
            text.append(" \t\r\n".charAt(random.nextInt(4)));
        }
    }
}
