package io.millrace.workbench.endtoend;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Sends the examples of a running gateway's own OpenAPI document as they stand, and compares each answer with what the document says of it. */
final class ExampleReplay {
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(45);

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
        var request = HttpRequest.newBuilder(gateway.uri(example.address())).timeout(REQUEST_TIMEOUT)
                .method(example.method(), example.body() == null ? BodyPublishers.noBody()
                        : BodyPublishers.ofString(example.body()));
        example.headers().forEach(request::header);
        if (example.contentType() != null) {
            request.header("Content-Type", example.contentType());
        }
        HttpResponse<String> answer = Gateway.http().send(request.build(), BodyHandlers.ofString());
        String mediaType = answer.headers().firstValue("content-type").orElse("").split(";", 2)[0].strip();
        document.misfits(operation, answer.statusCode(), mediaType, answer.body()).forEach(misfit -> misfits.add(example
                + " answered " + answer.statusCode() + " " + answer.body() + ": " + misfit));
        tried.add(operation.name());
    }
}
