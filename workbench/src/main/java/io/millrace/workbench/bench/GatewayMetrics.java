package io.millrace.workbench.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.function.DoublePredicate;

/** What a gateway says of itself. */
final class GatewayMetrics implements AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final HttpClient http = HttpClient.newHttpClient();
    private final HttpRequest request;

    /** @param url of its management port */
    GatewayMetrics(String url) {
        this.request = HttpRequest.newBuilder(URI.create(url + "/actuator/prometheus")).build();
    }

    /** The sum over all tags; 0 where there is no such meter yet. */
    double value(String meter) throws IOException, InterruptedException {
        String all = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        return all.lines().filter(line -> line.startsWith(meter + "{") || line.startsWith(meter + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    /** Looks until the value is as wanted. @return whether it came to be in time */
    boolean await(String meter, DoublePredicate wanted, Duration timeout) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!wanted.test(value(meter))) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            Thread.sleep(LOOK_EVERY);
        }
        return true;
    }

    /** Looks until the value stays as it is from one look to the next. */
    boolean awaitRest(String meter, Duration timeout) throws IOException, InterruptedException {
        double[] last = {-1};
        return await(meter, value -> {
            boolean rests = value == last[0];
            last[0] = value;
            return rests;
        }, timeout);
    }

    @Override
    public void close() {
        http.close();
    }
}
