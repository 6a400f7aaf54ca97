package io.millrace.workbench.endtoend;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sends the examples of a running gateway's own OpenAPI document as they stand, and compares each answer with what the document says of it. */
final class ExampleReplay {
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(45);

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Gateway gateway;
    private final ApiDocument document;
    private final Set<String> tried = new TreeSet<>();
    private final List<String> misfits = new ArrayList<>();

    /** Something to be done between two examples of which the second would meet what the first has made. */
    interface Undo {
        void run() throws IOException, InterruptedException;
    }

    ExampleReplay(Gateway gateway) throws IOException, InterruptedException {
        this.gateway = gateway;
        this.document = new ApiDocument(Gateway.http().send(HttpRequest.newBuilder(gateway.uri("/openapi")).build(),
                BodyHandlers.ofString()).body());
    }

    Set<String> operations() {
        return document.operations().keySet();
    }

    Collection<ApiOperation> all() {
        return document.operations().values();
    }

    Set<String> tried() {
        return tried;
    }

    /** What was answered otherwise than documented, of all that was tried. */
    List<String> misfits() {
        return misfits;
    }

    /** Sends each example of these operations, one after the other. */
    void tryOut(String... operations) throws IOException, InterruptedException {
        for (String name : operations) {
            for (ApiOperation.Example example : document.operation(name).examples()) {
                send(document.operation(name), example);
            }
        }
    }

    /** Sends each example of the operation with another header. */
    void tryOutWith(String name, String header, String value) throws IOException, InterruptedException {
        ApiOperation operation = document.operation(name);
        for (ApiOperation.Example example : operation.examples()) {
            var headers = new HashMap<>(example.headers());
            headers.put(header, value);
            send(operation, new ApiOperation.Example(example.method(), example.address(), headers, example
                    .contentType(), example.body()));
        }
    }

    int examples(String name) {
        return document.operation(name).examples().size();
    }

    /** What of the answer to a request that is to be refused is not as documented. */
    List<String> misfitsOfRefusal(ApiOperation operation, ApiOperation.Example request, String status)
            throws IOException, InterruptedException {
        HttpResponse<String> answer = answer(request);
        var found = new ArrayList<String>();
        if (answer.statusCode() == Integer.parseInt(status)) {
            found.addAll(document.misfitsOfAny(operation, answer.statusCode(), mediaType(answer), answer.body()));
            JsonNode told = JSON.readTree(answer.body());
            JsonNode example = operation.refusal(status);
            for (String field : List.of("error_code", "code")) {
                if (!told.path(field).equals(example.path(field))) {
                    found.add("the example's " + field + " is " + example.path(field));
                }
            }
        } else {
            found.add("not the status " + status);
        }
        return found.stream().map(misfit -> operation.name() + " " + status + ": " + request.method() + " " + request
                .address() + " answered " + answer.statusCode() + " " + answer.body() + ": " + misfit).toList();
    }

    /** Sends the first example of these operations alone. */
    void tryFirst(String... operations) throws IOException, InterruptedException {
        for (String name : operations) {
            send(document.operation(name), document.operation(name).examples().getFirst());
        }
    }

    /** Sends each example of the operation, undone before the next; goes on with what the first has made. */
    void tryEach(String name, Undo undo) throws IOException, InterruptedException {
        ApiOperation operation = document.operation(name);
        List<ApiOperation.Example> examples = operation.examples();
        for (ApiOperation.Example example : examples) {
            undo.run();
            send(operation, example);
        }
        undo.run();
        tryFirst(name);
    }

    private void send(ApiOperation operation, ApiOperation.Example example) throws IOException, InterruptedException {
        HttpResponse<String> answer = answer(example);
        document.misfits(operation, answer.statusCode(), mediaType(answer), answer.body()).forEach(misfit -> misfits
                .add(example + " answered " + answer.statusCode() + " " + answer.body() + ": " + misfit));
        tried.add(operation.name());
    }

    private static String mediaType(HttpResponse<String> answer) {
        return answer.headers().firstValue("content-type").orElse("").split(";", 2)[0].strip();
    }

    private HttpResponse<String> answer(ApiOperation.Example example) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(gateway.uri(example.address())).timeout(REQUEST_TIMEOUT)
                .method(example.method(), example.body() == null ? BodyPublishers.noBody()
                        : BodyPublishers.ofString(example.body()));
        example.headers().forEach(request::header);
        if (example.contentType() != null) {
            request.header("Content-Type", example.contentType());
        }
        return Gateway.http().send(request.build(), BodyHandlers.ofString());
    }
}
