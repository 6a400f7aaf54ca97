package io.millrace.gateway.events;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What a JSON value must hold at one place. Read token by token as far as that place; a value that is not JSON, or has nothing there, or
 * an object or array, does not hold it.
 *
 * @param path the place, the unescaped parts of a JSON pointer (RFC 6901)
 * @param text the value wanted: of a string its text, of a number any way to write it, {@code true}, {@code false} or {@code null}; in
 *             quotation marks a string alone
 */
record ValueCondition(List<String> path, String text) implements Comparable<ValueCondition> {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Comparator<ValueCondition> ORDER = Comparator.<ValueCondition, String>comparing(
            condition -> String.join("\0", condition.path)).thenComparing(ValueCondition::text);

    /** Reads {@code /pointer=value}. Refused with {@code INVALID_SETTING}. */
    static ValueCondition parse(String condition) {
        int equals = condition.indexOf('=');
        if (equals < 0 || !condition.startsWith("/")) {
            throw RecordFilter.refused("where: '" + shortened(condition)
                    + "' is not a JSON pointer and a value, as in where=/customer/country=SE");
        }
        var path = new ArrayList<String>();
        for (var part : condition.substring(1, equals).split("/", -1)) {
            path.add(unescaped(part, condition));
        }
        return new ValueCondition(List.copyOf(path), condition.substring(equals + 1));
    }

    boolean holds(byte[] bytes, int start, int length) {
        try (var parser = JSON.createParser(ObjectReadContext.empty(), bytes, start, length)) {
            parser.nextToken();
            for (var part : path) {
                if (!stepInto(parser, part)) {
                    return false;
                }
            }
            return isWanted(parser);
        } catch (JacksonException e) {
            return false;
        }
    }

    /** Whether the bytes are a JSON string, and its text one of those. */
    static boolean isString(byte[] bytes, int start, int length, List<String> texts) {
        try (var parser = JSON.createParser(ObjectReadContext.empty(), bytes, start, length)) {
            return parser.nextToken() == JsonToken.VALUE_STRING && texts.contains(parser.getString());
        } catch (JacksonException e) {
            return false;
        }
    }

    @Override
    public int compareTo(ValueCondition other) {
        return ORDER.compare(this, other);
    }

    private static boolean stepInto(JsonParser parser, String part) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> findMember(parser, part);
            case START_ARRAY -> findElement(parser, part);
            case null, default -> false;
        };
    }

    private static boolean findMember(JsonParser parser, String name) {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean found = parser.currentName().equals(name);
            parser.nextToken();
            if (found) {
                return true;
            }
            parser.skipChildren();
        }
        return false;
    }

    private static boolean findElement(JsonParser parser, String part) {
        // RFC 6901 knows no leading zeros.
        if (!part.matches("0|[1-9]\\d{0,8}")) {
            return false;
        }
        for (int left = Integer.parseInt(part); parser.nextToken() != JsonToken.END_ARRAY; left--) {
            if (left == 0) {
                return true;
            }
            parser.skipChildren();
        }
        return false;
    }

    private boolean isWanted(JsonParser parser) {
        return switch (parser.currentToken()) {
            case VALUE_STRING -> parser.getString().equals(text) || isQuoted() && parser.getString().equals(unquoted());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> isNumber(parser);
            case VALUE_TRUE -> text.equals("true");
            case VALUE_FALSE -> text.equals("false");
            case VALUE_NULL -> text.equals("null");
            case null, default -> false;
        };
    }

    private boolean isNumber(JsonParser parser) {
        if (parser.getString().equals(text)) {
            return true;
        }
        try {
            return new BigDecimal(text).compareTo(parser.getDecimalValue()) == 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private boolean isQuoted() {
        return text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    }

    private String unquoted() {
        return text.substring(1, text.length() - 1);
    }

    private static String unescaped(String part, String condition) {
        if (part.matches(".*~(?![01]).*")) {
            throw RecordFilter.refused("where: in the JSON pointer of '" + shortened(condition)
                    + "' a ~ must be written ~0, and a / in a name ~1");
        }
        return part.replace("~1", "/").replace("~0", "~");
    }

    private static String shortened(String text) {
        return text.substring(0, Math.min(text.length(), 100));
    }
}
