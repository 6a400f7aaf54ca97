package io.millrace.gateway.consumers;

import io.millrace.gateway.edge.ClientAddress;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.web.util.UriUtils;

/** Where a client finds its consumer instance: by the {@linkplain ClientAddress address that the client itself used}. */
final class BaseUri {
    private BaseUri() {}

    /** @param request the one that created the instance: {@code POST /consumers/{group}} */
    static String of(HttpServletRequest request, String group, String instance) {
        return ClientAddress.origin(request) + path(request, group) + "/instances/" + UriUtils.encodePathSegment(
                instance, "UTF-8");
    }

    private static String path(HttpServletRequest request, String group) {
        String path = ClientAddress.path(request, "X-Forwarded-Path");
        return path != null ? path
                : ClientAddress.prefix(request) + (ConfluentConsumersController.passedOn(request)
                        ? ConfluentConsumersController.PREFIX
                        : "") + "/consumers/" + UriUtils.encodePathSegment(group, "UTF-8");
    }
}
