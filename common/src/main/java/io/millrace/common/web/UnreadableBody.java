package io.millrace.common.web;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Says in words what was wrong with a JSON body, naming the field. */
public final class UnreadableBody {
    private UnreadableBody() {}

    public static RefusedException refusal(@Nullable Throwable cause) {
        return switch (cause) {
            case UnrecognizedPropertyException unknown -> new RefusedException(
                    ErrorCode.INVALID_REQUEST, "Unknown field '" + path(unknown) + "'", unknown);
            case MismatchedInputException wrong when !wrong.getPath().isEmpty() -> new RefusedException(
                    ErrorCode.INVALID_REQUEST, "Field '" + path(wrong) + "' " + expectation(wrong), wrong);
            case MismatchedInputException wrong -> new RefusedException(
                    ErrorCode.INVALID_REQUEST, "The body " + expectation(wrong), wrong);
            case JacksonException malformed -> new RefusedException(
                    ErrorCode.MALFORMED_BODY, "The body is not valid JSON" + position(malformed), malformed);
            case null, default -> new RefusedException(ErrorCode.MALFORMED_BODY,
                    "The body is missing or could not be read", cause);
        };
    }

    /** As in {@code records[2].key}. */
    private static String path(JacksonException e) {
        var path = new StringBuilder();
        for (var step : e.getPath()) {
            if (step.getPropertyName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return path.toString();
    }

    private static String expectation(MismatchedInputException e) {
        var type = e.getTargetType();
        if (type == null) {
            return "has the wrong type";
        }
        if (type.isEnum()) {
            return "must be one of " + java.util.Arrays.toString(type.getEnumConstants());
        }
        if (type == String.class) {
            return "must be a string";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "must be true or false";
        }
        if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
            return "must be a number within its range";
        }
        if (type.isArray() || java.util.Collection.class.isAssignableFrom(type)) {
            return "must be an array";
        }
        return "must be an object with the right fields";
    }

    private static String position(JacksonException e) {
        var location = e.getLocation();
        return location == null || location.getLineNr() < 0
                ? ""
                : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
    }
}
