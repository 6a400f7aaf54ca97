package io.millrace.gateway.edge;

import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Says what Jackson found wrong in a body: which field, where, and nothing of Java's types. */
final class JacksonMessages {
    private JacksonMessages() {}

    static String unknownField(UnrecognizedPropertyException unknown) {
        String known = unknown.getKnownPropertyIds() == null ? ""
                : "; known are " + String.join(", ", unknown.getKnownPropertyIds().stream().map(String::valueOf)
                        .sorted().toList());
        return pathOf(unknown) + ": unknown field" + position(unknown) + known;
    }

    static String of(JacksonException malformed) {
        if (malformed instanceof MismatchedInputException mismatch) {
            String path = pathOf(mismatch);
            Class<?> type = mismatch.getTargetType();
            return (path.isEmpty() ? "body" : path) + ": expected " + (type == null ? "another type" : nameOf(type))
                    + position(mismatch);
        }
        String message = malformed.getOriginalMessage();
        return "malformed JSON: " + (message == null ? "unreadable" : message) + position(malformed);
    }

    private static String pathOf(JacksonException exception) {
        var path = new StringBuilder();
        for (JacksonException.Reference reference : exception.getPath()) {
            if (reference.getPropertyName() == null) {
                path.append('[').append(reference.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(reference.getPropertyName());
            }
        }
        return path.toString();
    }

    private static String nameOf(Class<?> type) {
        if (type == String.class) {
            return "a string";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == int.class || type == long.class || Number.class.isAssignableFrom(type)) {
            return "a whole number";
        }
        return Iterable.class.isAssignableFrom(type) || type.isArray() ? "an array" : "an object";
    }

    private static String position(JacksonException exception) {
        TokenStreamLocation location = exception.getLocation();
        return location == null || location.getLineNr() < 1 ? ""
                : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    }
}
