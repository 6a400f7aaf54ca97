package io.millrace.workbench.suite;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether and when a process that died by itself is started again: at once after the first death, then after 1, 2, 4 … seconds, and no
 * more once it has died {@code maxDeaths} times within {@code window}.
 */
record RestartPolicy(int maxDeaths, Duration window, Duration maxDelay) {
    static final RestartPolicy DEFAULT = new RestartPolicy(6, Duration.ofMinutes(10), Duration.ofSeconds(15));

    /**
     * @param deathsMs when it died, the latest last, on the clock of {@code nowMs}
     * @return how long to wait before it is started again, or null to leave it
     */
    @Nullable
    Duration delay(List<Long> deathsMs, long nowMs) {
        long recent = deathsMs.stream().filter(death -> nowMs - death < window.toMillis()).count();
        if (recent >= maxDeaths) {
            return null;
        }
        if (recent <= 1) {
            return Duration.ZERO;
        }
        Duration doubled = Duration.ofSeconds(1L << Math.min(recent - 2, 20));
        return doubled.compareTo(maxDelay) < 0 ? doubled : maxDelay;
    }
}
