package io.millrace.gateway.edge;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The HTTP edge.
 *
 * @param maxBodySize  larger bodies are refused with 413, by their announced length before a byte of them is read
 * @param maxParsedBodySize the same of bodies without records, which are made into objects
 * @param createWait   longest time until a topic just created can be used, or one just deleted is gone, before the answer is sent anyway
 * @param http2Streams requests, streams of events among them, that one HTTP/2 connection may have under way
 * @param cors         which web pages of other origins may call
 */
@Validated
@ConfigurationProperties(prefix = "millrace.gateway", ignoreUnknownFields = false)
public record GatewayProperties(
        @DefaultValue("10MB") DataSize maxBodySize,
        @DefaultValue("1MB") DataSize maxParsedBodySize,
        @DefaultValue("10s") Duration createWait,
        @DefaultValue("100") int http2Streams,
        @DefaultValue Cors cors) {

    private static final String ANY_ORIGIN = "*";

    public GatewayProperties {
        require("max-body-size", maxBodySize);
        require("max-parsed-body-size", maxParsedBodySize);
        if (http2Streams < 1) {
            throw new IllegalArgumentException("millrace.gateway.http2-streams must be positive: " + http2Streams);
        }
    }

    private static void require(String name, DataSize size) {
        if (size.toBytes() < 1 || size.toBytes() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("millrace.gateway." + name + " must be between 1 B and 2 GB: " + size);
        }
    }

    /**
     * @param allowedOrigins   origins such as {@code https://shop.example}, or {@code *}; none by default
     * @param allowedMethods   methods they may use
     * @param allowedHeaders   request headers they may send
     * @param exposedHeaders   response headers they may read
     * @param allowCredentials whether cookies go along; not with the origin {@code *}
     * @param maxAge           how long a browser may remember the answer
     */
    public record Cors(
            @DefaultValue List<String> allowedOrigins,
            @DefaultValue( {
                    "GET", "POST", "PUT", "PATCH", "DELETE"}) List<String> allowedMethods,
            @DefaultValue("*") List<String> allowedHeaders,
            @DefaultValue({"Retry-After", "Location", "Millrace-Next-Offset",
                    "Millrace-End-Offset"}) List<String> exposedHeaders,
            @DefaultValue("false") boolean allowCredentials,
            @DefaultValue("30m") Duration maxAge){

        public Cors {
            if (allowCredentials && allowedOrigins.stream().anyMatch(origin -> origin.strip().equals(ANY_ORIGIN))) {
                throw new IllegalArgumentException(
                        "millrace.gateway.cors.allow-credentials must be false where allowed-origins has '*'");
            }
        }
    }
}
