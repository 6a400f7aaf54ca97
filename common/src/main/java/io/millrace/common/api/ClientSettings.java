package io.millrace.common.api;

import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How services call each other.
 *
 * @param offsetServiceUrls base URLs of the offset services; any of them serves any group, the first that accepts a connection is used
 * @param connectTimeout    of one connection
 * @param readTimeout       of one answer
 * @param retryTimeout      time in which a call is tried again that was certainly not carried out (connection refused, not the controller
 *                          or coordinator any more); then it is refused
 * @param retryBackoff      longest wait between two tries; a newer cluster image ends it
 * @param replacedGrace     how long the answer to a call that may not be made twice is still waited for once another is in charge; then the
 *                          call is refused, and it is not known whether it was carried out
 */
@Validated
@ConfigurationProperties(prefix = "millrace.client", ignoreUnknownFields = false)
public record ClientSettings(
        @NotEmpty @DefaultValue("http://127.0.0.1:8084") List<URI> offsetServiceUrls,
        @NotNull @DefaultValue("1s") Duration connectTimeout,
        @NotNull @DefaultValue("10s") Duration readTimeout,
        @NotNull @DefaultValue("5s") Duration retryTimeout,
        @NotNull @DefaultValue("100ms") Duration retryBackoff,
        @NotNull @DefaultValue("1s") Duration replacedGrace) {}
