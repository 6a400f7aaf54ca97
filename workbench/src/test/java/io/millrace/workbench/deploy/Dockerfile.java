package io.millrace.workbench.deploy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The instructions of the Dockerfile, continued lines joined, without comments. */
record Dockerfile(List<String> instructions) {
    static final String DATA_DIRECTORY = "/var/lib/millrace";
    private static final Pattern STAGE = Pattern.compile("FROM (\\S+)(?: AS (\\S+))?");

    static Dockerfile read() {
        var text = Repository.read("Dockerfile").lines().filter(line -> !line.startsWith("#")).toList();
        var joined = String.join("\n", text).replaceAll("\\\\\n\\s*", " ");
        return new Dockerfile(joined.lines().map(String::strip).filter(line -> !line.isEmpty()).toList());
    }

    record Stage(String image, String name, List<String> instructions) {}

    List<Stage> stages() {
        var stages = new ArrayList<Stage>();
        for (String instruction : instructions) {
            var from = STAGE.matcher(instruction);
            if (from.matches()) {
                stages.add(new Stage(from.group(1), from.group(2) == null ? "" : from.group(2), new ArrayList<>()));
            } else {
                stages.getLast().instructions().add(instruction);
            }
        }
        return stages;
    }

    /** {@code uid:gid} that the image runs as. */
    String user() {
        return stages().getLast().instructions().stream()
                .filter(instruction -> instruction.startsWith("USER "))
                .map(instruction -> instruction.substring("USER ".length()))
                .reduce((_, last) -> last)
                .orElseThrow(() -> new AssertionError("The image runs as root"));
    }
}
