package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request's query. Read by hand: asked for a parameter, the container may take a body of the wrong type for a form and read it. */
final class QueryParameters {
    private static final QueryParameters NONE = new QueryParameters(List.of());

    record Parameter(String name, String value) {}

    private final List<Parameter> all;

    private QueryParameters(List<Parameter> all) {
        this.all = all;
    }

    /** @throws RefusedException with {@code INVALID_REQUEST} if an escape in it is none */
    static QueryParameters of(@Nullable String query) {
        if (query == null || query.isEmpty()) {
            return NONE;
        }
        List<Parameter> all = new ArrayList<>();
        for (String parameter : query.split("&")) {
            int equals = parameter.indexOf('=');
            all.add(new Parameter(decoded(equals < 0 ? parameter : parameter.substring(0, equals)),
                    equals < 0 ? "" : decoded(parameter.substring(equals + 1))));
        }
        return new QueryParameters(all);
    }

    List<Parameter> all() {
        return all;
    }

    /** The first of that name. */
    @Nullable
    String first(String name) {
        for (Parameter parameter : all) {
            if (parameter.name.equals(name)) {
                return parameter.value;
            }
        }
        return null;
    }

    boolean isAsync() {
        return switch (first("async")) {
            case null -> false;
            case "true" -> true;
            case "false" -> false;
            case String wrong -> throw refused("async: '" + wrong + "' is not true or false");
        };
    }

    /** @return what is {@code absent} without the parameter */
    long wholeNumber(String name, long highest, long absent) {
        String text = first(name);
        if (text == null) {
            return absent;
        }
        try {
            long value = Long.parseLong(text);
            if (value >= 0 && value <= highest) {
                return value;
            }
        } catch (NumberFormatException _) {
            // As for one out of range.
        }
        throw refused(name + ": '" + text + "' is not a whole number between 0 and " + highest);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, UTF_8);
        } catch (IllegalArgumentException _) {
            throw refused("the query has a malformed escape");
        }
    }

    private static RefusedException refused(String why) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, why);
    }
}
