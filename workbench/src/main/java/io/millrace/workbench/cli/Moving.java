package io.millrace.workbench.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What the commands that move replicas have in common: their options, and telling how far it is. */
final class Moving {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long POLL_MS = 500;
    private static final double MIB = 1024.0 * 1024.0;

    @Option(names = "--dry-run", description = "Only tell what would move.")
    private boolean dryRun;

    @Option(names = "--throttle", paramLabel = "MIB", description = "The most MiB a second that each broker takes in for new replicas; 0 is without limit (default: as the brokers are configured).")
    private @Nullable Integer throttleMib;

    @Option(names = "--no-wait", description = "Return when it has begun; it goes on by itself.")
    private boolean noWait;

    boolean isDryRun() {
        return dryRun;
    }

    /** Asks for moves and, unless told otherwise, waits until all have ended; answers whether they have. */
    boolean run(AdminCalls calls, String path) throws IOException, InterruptedException {
        JsonNode plan = calls.post(path, body());
        print(plan);
        if (dryRun) {
            return false;
        }
        if (noWait) {
            System.out.println("it goes on by itself; GET /admin/rebalance tells how far it is");
            return false;
        }
        follow(calls);
        return true;
    }

    private ObjectNode body() {
        ObjectNode body = JSON.createObjectNode().put("dry_run", dryRun);
        if (throttleMib != null) {
            body.put("throttle_bytes_per_second", (long) (throttleMib * MIB));
        }
        return body;
    }

    private void print(JsonNode plan) {
        int moves = plan.get("moves").size();
        System.out.println(moves == 0 ? "nothing is to move"
                : moves + " partitions change, " + plan.get("replicas_to_copy").asInt() + " replicas are to be copied");
        if (dryRun) {
            for (JsonNode move : plan.get("moves")) {
                System.out.println("  " + move.get("topic").asString() + "-" + move.get("partition").asInt() + ": "
                        + ids(move.get("from")) + " -> " + ids(move.get("to")));
            }
        }
    }

    private static List<Integer> ids(JsonNode brokers) {
        return StreamSupport.stream(brokers.spliterator(), false).map(JsonNode::asInt).toList();
    }

    /** Prints a line whenever something has changed. */
    private static void follow(AdminCalls calls) throws IOException, InterruptedException {
        String last = "";
        while (true) {
            JsonNode progress = calls.get("/admin/rebalance");
            int waiting = progress.get("waiting").asInt();
            int moving = progress.get("moving").asInt();
            if (waiting + moving == 0) {
                System.out.println("done");
                return;
            }
            String line = "waiting " + waiting + ", moving " + moving + ", done " + progress.get("done").asInt()
                    + left(progress.path("bytes_left"));
            if (!line.equals(last)) {
                System.out.println(line);
                last = line;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
    }

    private static String left(JsonNode bytes) {
        return bytes.isNumber() ? String.format(Locale.ROOT, "; %.1f MiB of those that move are still to be copied",
                bytes.asLong() / MIB) : "";
    }
}
