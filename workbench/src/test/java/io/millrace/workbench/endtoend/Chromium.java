package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.SuiteDirectories;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The browser that is installed, without a window, with one page; driven by the Chrome DevTools Protocol. */
final class Chromium implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome",
            "google-chrome-stable");
    private static final String LISTENING = "DevTools listening on ";
    private static final long TIMEOUT_SECONDS = 30;

    private final Process process;
    private final Path profile;
    private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebSocket page;
    private int calls;

    private Chromium(Process process, Path profile, URI address) throws IOException, InterruptedException {
        this.process = process;
        this.profile = profile;
        HttpRequest newPage = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort()
                + "/json/new?about:blank")).PUT(HttpRequest.BodyPublishers.noBody()).build();
        String answer = http.send(newPage, HttpResponse.BodyHandlers.ofString()).body();
        page = http.newWebSocketBuilder().buildAsync(URI.create(JSON.readTree(answer).get("webSocketDebuggerUrl")
                .asString()), new Answers()).join();
    }

    static Optional<Path> find() {
        return Stream.of(System.getenv("PATH").split(":")).flatMap(folder -> NAMES.stream().map(name -> Path.of(folder,
                name))).filter(Files::isExecutable).findFirst();
    }

    static Chromium start(Path program) throws IOException, InterruptedException {
        Path profile = Files.createTempDirectory("chromium-");
        Process process = new ProcessBuilder(program.toString(), "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", "--user-data-dir=" + profile,
                "about:blank").redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            return new Chromium(process, profile, address(process));
        } catch (IOException | InterruptedException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static URI address(Process process) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(process.getErrorStream(),
                StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(LISTENING)) {
                // What it says from now on is nothing to us, but must be taken from it.
                Thread.ofVirtual().start(() -> lines.lines().forEach(_ -> {}));
                return URI.create(line.substring(LISTENING.length()).strip());
            }
        }
        throw new IOException("Chromium ended before it listened");
    }

    void open(String url) throws InterruptedException {
        call("Page.navigate", Map.of("url", url));
    }

    /** Runs a script in the page and answers its value. */
    JsonNode evaluate(String script) throws InterruptedException {
        JsonNode result = call("Runtime.evaluate", Map.of("expression", script, "returnByValue", true, "awaitPromise",
                true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(script + ": " + result.get("exceptionDetails"));
        }
        return result.get("result").path("value");
    }

    private JsonNode call(String method, Map<String, Object> parameters) throws InterruptedException {
        int id = ++calls;
        page.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true).join();
        while (true) {
            JsonNode answer = answers.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (answer == null || answer.has("error")) {
                throw new IllegalStateException(method + ": " + answer);
            }
            if (answer.path("id").asInt() == id) {
                return answer.get("result");
            }
        }
    }

    @Override
    public void close() throws IOException {
        page.abort();
        http.shutdownNow();
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
        process.destroy();
        process.onExit().completeOnTimeout(process, TIMEOUT_SECONDS, TimeUnit.SECONDS).join();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(each -> each.onExit().join());
        SuiteDirectories.deleteRecursively(profile);
    }

    private final class Answers implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                answers.add(JSON.readTree(text.toString()));
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}
