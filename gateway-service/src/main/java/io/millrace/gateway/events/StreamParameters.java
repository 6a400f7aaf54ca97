package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;

/** What the parameters of all streams have in common. */
final class StreamParameters {
    static final String KEY = "Only records with this key; may be given several times, for one of several";
    static final String WHERE = "Only records whose JSON value holds this at a place: a JSON pointer, `=` and the value, as in "
            + "`/customer/country=SE`; may be given several times, and then all must hold";
    static final String TIMEOUT = "Milliseconds after which the answer ends, or as soon as it has had records; without it the stream stays open";

    private StreamParameters() {}

    /** A filter that is passed over would give the client what it did not ask for. */
    static void refuseUnknown(HttpServletRequest request, List<String> known) {
        var unknown = request.getParameterMap().keySet().stream()
                .filter(name -> !known.contains(name) && !RecordFilter.isFilter(name)).sorted()
                .map(name -> name.substring(0, Math.min(name.length(), 100))).limit(5).toList();
        if (!unknown.isEmpty()) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, String.join(", ", unknown)
                    + ": no such parameter; there are " + String.join(", ", known) + ", key, header.NAME, where");
        }
    }
}
