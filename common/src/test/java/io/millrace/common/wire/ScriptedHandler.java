package io.millrace.common.wire;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.MetadataResponse;

/** Answers metadata at once with the request's correlation id as the controller's, or leaves requests to the test. */
final class ScriptedHandler implements RequestHandler {
    final BlockingQueue<InboundRequest> held = new LinkedBlockingQueue<>();
    volatile boolean hold;
    volatile boolean holdNextBack;

    @Override
    public void handle(InboundRequest request) {
        if (holdNextBack) {
            request.holdNextBack();
        }
        if (hold) {
            held.add(request);
        } else {
            request.respond(answerTo(request));
        }
    }

    InboundRequest takeHeld() throws InterruptedException {
        InboundRequest request = held.poll(20, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no request came");
        }
        return request;
    }

    static AbstractResponse answerTo(InboundRequest request) {
        return answer(request, request.header().correlationId());
    }

    static AbstractResponse answer(InboundRequest request, int controllerId) {
        return new MetadataResponse(new MetadataResponseData().setControllerId(controllerId), request.version());
    }
}
