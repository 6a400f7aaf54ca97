package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuiteSettingsTest {
    @ParameterizedTest
    @CsvSource({"'', 127.0.0.1", "0.0.0.0, 127.0.0.1", "'::', 127.0.0.1", "127.0.0.5, 127.0.0.5",
            "localhost, localhost", "'::1', [::1]", "[::1], [::1]"})
    void services_are_reached_at_what_they_bind_or_at_loopback(String bound, String reached) throws Exception {
        assertThat(settings(Map.of("MILLRACE_BIND_HOST", bound)).reachableHost()).isEqualTo(reached);
    }

    @Test
    void without_a_setting_services_are_reached_at_loopback() throws Exception {
        assertThat(settings(Map.of()).reachableHost()).isEqualTo("127.0.0.1");
    }

    private static SuiteSettings settings(Map<String, String> environment) throws Exception {
        return new SuiteSettings(Path.of("."), new SuiteDirectories(Path.of("data")), SuiteSize.ofBrokers(1),
                FreePorts.find(SuiteSize.ofBrokers(1), RandomGenerator.getDefault()), environment, Duration.ofSeconds(
                        1));
    }
}
