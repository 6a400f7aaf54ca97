package io.millrace.gateway.consumers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Refuses a body whose fields are missing or out of their range, by the field's name. */
final class Fields {
    private Fields() {}

    static <T> T required(String name, @Nullable T value) {
        if (value == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, name + ": the field is required");
        }
        return value;
    }

    static int notNegative(String name, @Nullable Integer value) {
        if (required(name, value) < 0) {
            throw negative(name, value);
        }
        return required(name, value);
    }

    static long notNegative(String name, @Nullable Long value) {
        if (required(name, value) < 0) {
            throw negative(name, value);
        }
        return required(name, value);
    }

    /** Reads each element of a list that must be there; the function gets the element's name too. */
    static <T, R> List<R> list(String name, @Nullable List<@Nullable T> list, BiFunction<String, T, R> read) {
        var result = new ArrayList<R>();
        int index = 0;
        for (var element : required(name, list)) {
            var elementName = name + "[" + index++ + "]";
            result.add(read.apply(elementName, required(elementName, element)));
        }
        return result;
    }

    private static RefusedException negative(String name, @Nullable Number value) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, name + ": " + value + " is negative");
    }
}
