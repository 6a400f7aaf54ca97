package io.millrace.coordinator.leadership;

import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** @param advertisedHost under which the other services reach this coordinator */
@Validated
@ConfigurationProperties(prefix = "millrace.coordinator", ignoreUnknownFields = false)
record CoordinatorSettings(@NotBlank @DefaultValue("127.0.0.1") String advertisedHost) {}
