package io.millrace.gateway.edge;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/**
 * The address that the client itself used, which a proxy tells in {@code Forwarded} (RFC 7239, the first element) or in
 * {@code X-Forwarded-*}. Always has its port, for clients that take it apart.
 */
public final class ClientAddress {
    private static final Pattern HOST = Pattern.compile("(?:^|;)\\s*host=\"?([^\";,\\s]+)\"?",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern PROTO = Pattern.compile("(?:^|;)\\s*proto=\"?([a-z]+)\"?", Pattern.CASE_INSENSITIVE);
    private static final Pattern SAFE_HOST = Pattern.compile(
            "([A-Za-z0-9.\\-]+|\\[[0-9A-Fa-f:.]+])(:(\\d{1,5}))?");
    private static final Pattern ENDS_WITH_PORT = Pattern.compile(".*[^:]:\\d+|\\[.*]:\\d+");

    /** RFC 3986, section 3.3. */
    private static final Pattern SAFE_PATH = Pattern.compile(
            "(/([A-Za-z0-9\\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+");
    private static final int PORT = 3;
    private static final int MAX_PORT = 65_535;

    private ClientAddress() {}

    /** A name as one segment of a path: without what a path gives a meaning to, such as what follows a semicolon. */
    public static String segment(String name) {
        return UriUtils.encode(name, StandardCharsets.UTF_8);
    }

    /** Scheme, host and port. */
    public static String origin(HttpServletRequest request) {
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
            if (port != null && isPort(port)) {
                host = withoutPort(host) + ":" + port;
            }
        }
        if (!ENDS_WITH_PORT.matcher(host).matches()) {
            host += scheme.equals("https") ? ":443" : ":80";
        }
        return scheme + "://" + host;
    }

    /** What a proxy puts before the gateway's paths; empty if nothing. */
    public static String prefix(HttpServletRequest request) {
        String prefix = path(request, "X-Forwarded-Prefix");
        return prefix == null ? "" : prefix;
    }

    /** A path in a proxy's header, without slashes at its end. */
    public static @Nullable String path(HttpServletRequest request, String header) {
        String path = first(request.getHeader(header));
        return path != null && SAFE_PATH.matcher(path).matches() ? path.replaceAll("/+$", "") : null;
    }

    private static String scheme(@Nullable String told, String otherwise) {
        return told != null && told.matches("(?i)https?") ? told.toLowerCase(Locale.ROOT) : otherwise;
    }

    private static String host(@Nullable String told, String otherwise) {
        var host = SAFE_HOST.matcher(told == null ? "" : told);
        return told != null && host.matches() && (host.group(PORT) == null || isPort(host.group(PORT))) ? told
                : otherwise;
    }

    private static boolean isPort(String text) {
        return text.matches("\\d{1,5}") && Integer.parseInt(text) <= MAX_PORT;
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
