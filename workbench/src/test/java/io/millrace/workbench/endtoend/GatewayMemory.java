package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What a gateway says of its memory. */
final class GatewayMemory {
    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)\\{(.*)} ([-+0-9.E]+)");
    private static final Pattern KIND = Pattern.compile(".*kind=\"([^\"]+)\".*");

    private final HttpRequest metrics;

    GatewayMemory(String managementUrl) {
        this.metrics = HttpRequest.newBuilder(URI.create(managementUrl + "/actuator/prometheus")).build();
    }

    /**
     * @param heapUsed  bytes, garbage among them
     * @param heapMax   what {@code -Xmx} allows
     * @param used      of each kind of memory that is counted
     * @param limits    of each kind
     */
    record Look(double heapUsed, double heapMax, Map<String, Double> used,
            Map<String, Double> limits) {}

    Look look() throws IOException, InterruptedException {
        var answer = Gateway.http().send(metrics, BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        String all = answer.body();
        Predicate<String> heap = labels -> labels.contains("area=\"heap\"");
        return new Look(sum(all, "jvm_memory_used_bytes", heap), sum(all, "jvm_memory_max_bytes", heap), kinds(all,
                "millrace_memory_used_bytes"), kinds(all,
                        "millrace_memory_limit_bytes"));
    }

    /** Of what has a value: pools without a limit of their own tell -1. */
    private static double sum(String all, String meter, Predicate<String> labels) {
        double[] sum = {0};
        int[] found = {0};
        all.lines().map(SAMPLE::matcher).filter(line -> line.matches() && line.group(1).equals(meter) && labels.test(
                line
                        .group(2))).forEach(line -> {
                            sum[0] += Math.max(0, Double.parseDouble(line.group(3)));
                            found[0]++;
                        });
        assertThat(found[0]).as(meter).isPositive();
        return sum[0];
    }

    private static Map<String, Double> kinds(String all, String meter) {
        var kinds = new HashMap<String, Double>();
        all.lines().map(SAMPLE::matcher).filter(line -> line.matches() && line.group(1).equals(meter)).forEach(line -> {
            var kind = KIND.matcher(line.group(2));
            if (kind.matches()) {
                kinds.put(kind.group(1), Double.parseDouble(line.group(3)));
            }
        });
        return kinds;
    }
}
