package io.millrace.broker.listener;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Limits of what is done for clients at the controller.
 *
 * @param maxConcurrent requests on their way to the controller; one more is refused with THROTTLING_QUOTA_EXCEEDED
 * @param maxTimeout longest wait until a change shows in this broker's image, whatever the client asks for
 */
public record ForwardSettings(@DefaultValue("64") int maxConcurrent, @DefaultValue("30s") Duration maxTimeout) {
    public ForwardSettings {
        if (maxConcurrent < 1) {
            throw new IllegalArgumentException("forward max-concurrent must be at least 1: " + maxConcurrent);
        }
    }
}
