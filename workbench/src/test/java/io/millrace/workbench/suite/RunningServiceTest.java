package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningServiceTest {
    @TempDir
    private Path directory;

    @Test
    void what_does_not_heed_the_request_to_end_is_killed() throws Exception {
        Path console = directory.resolve("deaf.console");
        List<String> deaf = List.of("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done");
        RunningService service = RunningService.start(new ServiceSpec("deaf", deaf, Map.of(), console, console,
                SuiteSettings.LOOPBACK, List.of(), null, null, null, Duration.ofSeconds(1)));
        try {
            await().atMost(Duration.ofSeconds(30)).until(() -> LogTail.lastLines(console, 1).contains("deaf"));
            assertThat(service.stop(Duration.ofMillis(200))).isFalse();
            assertThat(service.isAlive()).isFalse();
        } finally {
            service.kill();
        }
    }
}
