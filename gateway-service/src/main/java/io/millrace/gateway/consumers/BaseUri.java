package io.millrace.gateway.consumers;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/**
 * Where a client finds its consumer instance: by the address that the client itself used, which a proxy tells in {@code Forwarded} (RFC
 * 7239, the first element) or in {@code X-Forwarded-*}. Always has its port, for clients that take it apart.
 */
final class BaseUri {
    private static final Pattern HOST = Pattern.compile("(?:^|;)\\s*host=\"?([^\";,\\s]+)\"?",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern PROTO = Pattern.compile("(?:^|;)\\s*proto=\"?([a-z]+)\"?", Pattern.CASE_INSENSITIVE);
    private static final Pattern SAFE_HOST = Pattern.compile(
            "[A-Za-z0-9.\\-]+(:\\d{1,5})?|\\[[0-9A-Fa-f:.]+](:\\d{1,5})?");
    private static final Pattern ENDS_WITH_PORT = Pattern.compile(".*[^:]:\\d+|\\[.*]:\\d+");

    private BaseUri() {}

    /** @param request the one that created the instance: {@code POST /consumers/{group}} */
    static String of(HttpServletRequest request, String group, String instance) {
        String scheme = request.getScheme();
        String host = request.getServerPort() < 0 ? request.getServerName()
                : request.getServerName() + ":" + request.getServerPort();
        String forwarded = first(request.getHeader("Forwarded"));
        if (forwarded != null) {
            scheme = scheme(find(PROTO, forwarded), scheme);
            host = host(find(HOST, forwarded), host);
        } else {
            scheme = scheme(first(request.getHeader("X-Forwarded-Proto")), scheme);
            host = host(first(request.getHeader("X-Forwarded-Host")), host);
            String port = first(request.getHeader("X-Forwarded-Port"));
            if (port != null && port.matches("\\d{1,5}")) {
                host = withoutPort(host) + ":" + port;
            }
        }
        if (!ENDS_WITH_PORT.matcher(host).matches()) {
            host += scheme.equals("https") ? ":443" : ":80";
        }
        return scheme + "://" + host + path(request, group) + "/instances/" + UriUtils.encodePathSegment(instance,
                "UTF-8");
    }

    private static String path(HttpServletRequest request, String group) {
        String path = first(request.getHeader("X-Forwarded-Path"));
        if (path != null && path.startsWith("/")) {
            return path.replaceAll("/+$", "");
        }
        String prefix = first(request.getHeader("X-Forwarded-Prefix"));
        return (prefix != null && prefix.startsWith("/") ? prefix.replaceAll("/+$", "") : "") + "/consumers/"
                + UriUtils.encodePathSegment(group, "UTF-8");
    }

    private static String scheme(@Nullable String told, String otherwise) {
        return told != null && told.matches("(?i)https?") ? told.toLowerCase(Locale.ROOT) : otherwise;
    }

    private static String host(@Nullable String told, String otherwise) {
        return told != null && SAFE_HOST.matcher(told).matches() ? told : otherwise;
    }

    private static String withoutPort(String host) {
        return ENDS_WITH_PORT.matcher(host).matches() ? host.substring(0, host.lastIndexOf(':')) : host;
    }

    private static @Nullable String find(Pattern pattern, String forwarded) {
        var matcher = pattern.matcher(forwarded);
        return matcher.find() ? matcher.group(1) : null;
    }

    /** Each proxy appends what it saw; the first saw the client. */
    private static @Nullable String first(@Nullable String header) {
        return header == null || header.isBlank() ? null : header.split(",", 2)[0].trim();
    }
}
