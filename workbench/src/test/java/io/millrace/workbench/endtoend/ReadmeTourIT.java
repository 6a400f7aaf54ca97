package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Requisite;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The README's tour, command by command: what it prints must be what the suite answers, but for times, broker ids, followers and event ids. */
@WithSteadySuite
@ResourceLock(SharedSuite.ORDERS)
class ReadmeTourIT {
    private static final String PROMPT = "$ ";
    private static final String API_LINE = "api=http://127.0.0.1:8080";
    private static final String END_OF_ANSWER = "--- end of answer ---";
    private static final long TIMEOUT_SECONDS = 60;

    private final Suite suite;

    ReadmeTourIT(Suite suite) {
        this.suite = suite;
    }

    /** A command and what the README says it prints. */
    record Step(String command, String answer) {}

    @Test
    void every_command_of_the_tour_prints_what_the_readme_says() throws Exception {
        Requisite.CURL.demand(isInstalled("bash") && isInstalled("curl"), "bash or curl is not installed");
        List<Step> steps = steps(Files.readAllLines(TestSuites.home().resolve("README.md")));
        assertThat(steps).hasSizeGreaterThan(12);

        List<String> printed = run(steps.stream().map(Step::command).toList());

        assertThat(printed).hasSameSizeAs(steps);
        for (int i = 0; i < steps.size(); i++) {
            assertThat(masked(printed.get(i))).as(steps.get(i).command()).isEqualTo(masked(steps.get(i).answer()));
        }
    }

    private static List<Step> steps(List<String> lines) {
        var steps = new ArrayList<Step>();
        var command = new StringBuilder();
        var answer = new StringBuilder();
        boolean inBlock = false;
        for (String line : lines) {
            if (line.startsWith("```")) {
                inBlock = line.equals("```console");
            } else if (inBlock && line.startsWith(PROMPT)) {
                take(steps, command, answer);
                command.append(line.substring(PROMPT.length()));
            } else if (inBlock && isUnfinished(command)) {
                command.append('\n').append(line);
            } else if (inBlock) {
                answer.append(line).append('\n');
            }
        }
        take(steps, command, answer);
        return steps;
    }

    private static void take(List<Step> steps, StringBuilder command, StringBuilder answer) {
        if (!command.isEmpty()) {
            steps.add(new Step(command.toString(), answer.toString()));
        }
        command.setLength(0);
        answer.setLength(0);
    }

    /** A command goes on over the lines of an open quote. */
    private static boolean isUnfinished(CharSequence command) {
        return command.chars().filter(character -> character == '\'').count() % 2 == 1;
    }

    /** Runs the commands in one shell, as a reader would. */
    private List<String> run(List<String> commands) throws IOException, InterruptedException {
        var script = new StringBuilder();
        for (String command : commands) {
            script.append(command.equals(API_LINE) ? "api=" + suite.gatewayUrl() : command)
                    .append("\necho; echo '").append(END_OF_ANSWER).append("'\n");
        }
        Path output = Files.createTempFile("tour", ".txt");
        try {
            Process shell = new ProcessBuilder("bash", "-c", script.toString()).redirectErrorStream(true)
                    .redirectOutput(output.toFile()).start();
            assertThat(shell.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
            String all = Files.readString(output, StandardCharsets.UTF_8);
            return Stream.of(all.split("\n?" + END_OF_ANSWER + "\n")).toList();
        } finally {
            Files.delete(output);
        }
    }

    private String masked(String answer) {
        return answer.replace(suite.gatewayUrl(), "http://127.0.0.1:8080")
                .replaceAll("\\b1\\d{12}\\b", "TIME")
                .replaceAll("(?m)^id: .*$", "id: TOKEN")
                .replaceAll("\"(leader|broker)\":\\d+", "\"$1\":ID")
                .replace(",{\"broker\":ID,\"leader\":false,\"in_sync\":true}", "")
                .strip();
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder,
                program)));
    }
}
