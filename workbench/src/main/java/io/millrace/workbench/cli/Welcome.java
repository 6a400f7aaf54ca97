package io.millrace.workbench.cli;

import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What {@code up} prints once the suite is ready. */
final class Welcome {
    private Welcome() {}

    static void print(Suite suite, Duration took, Progress progress) {
        List<String> gateways = suite.gatewayUrls();
        progress.say("");
        progress.say(String.format(Locale.ROOT, "Millrace is ready after %.1f s.", took.toMillis() / 1000.0));
        progress.say("  HTTP API     " + gateways.stream().map(gateway -> gateway + "/topics")
                .collect(Collectors.joining(", ")));
        progress.say("  Swagger UI   " + gateways.getFirst() + "/swagger-ui.html");
        progress.say("  Kafka        " + suite.bootstrapServers());
        progress.say("  data, logs   " + suite.settings().directories().data());
        progress.say("");
    }
}
