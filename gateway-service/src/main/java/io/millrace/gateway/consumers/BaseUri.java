package io.millrace.gateway.consumers;

import io.millrace.gateway.edge.ClientAddress;
import jakarta.servlet.http.HttpServletRequest;

/** Where a client finds its consumer instance: by the {@linkplain ClientAddress address that the client itself used}. */
public final class BaseUri {
    private BaseUri() {}

    /** @param request the one that created the instance: {@code POST /consumers/{group}} */
    static String of(HttpServletRequest request, String group, String instance) {
        return of(request, group, instance, "");
    }

    /** @param request the one that opened the instance's stream: {@code GET /consumers/{group}/events} */
    public static String ofStream(HttpServletRequest request, String group, String instance) {
        return of(request, group, instance, "/events");
    }

    private static String of(HttpServletRequest request, String group, String instance, String ending) {
        return ClientAddress.origin(request) + path(request, group, ending) + "/instances/" + ClientAddress.segment(
                instance);
    }

    private static String path(HttpServletRequest request, String group, String ending) {
        String path = ClientAddress.path(request, "X-Forwarded-Path");
        if (path != null) {
            return path.endsWith(ending) ? path.substring(0, path.length() - ending.length()) : path;
        }
        return ClientAddress.prefix(request) + (ConfluentConsumersController.passedOn(request)
                ? ConfluentConsumersController.PREFIX
                : "") + "/consumers/" + ClientAddress.segment(group);
    }
}
