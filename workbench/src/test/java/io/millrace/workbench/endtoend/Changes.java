package io.millrace.workbench.endtoend;

import io.millrace.workbench.Workbench;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The 60,000 real change events, oldest first. */
final class Changes {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Changes() {}

    /** @param json the whole event as it stands in the file */
    record Change(String id, String module, String json) {
        String asRecord() {
            return "{\"key\":\"" + module + "\",\"value\":" + json + "}";
        }
    }

    static List<Change> all() throws IOException {
        List<Change> changes = new ArrayList<>(60_000);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Objects.requireNonNull(
                        Workbench.class.getResourceAsStream("repository-changes.jsonl.gz"))),
                StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode event = JSON.readTree(line);
                changes.add(new Change(event.get("id").asString(), event.get("module").asString(), line));
            }
        }
        return List.copyOf(changes);
    }
}
