package io.millrace.broker.listener;

import io.millrace.common.wire.InboundRequest;
import java.util.List;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.requests.FindCoordinatorResponse;

/** Says that no coordinator speaks Kafka's group protocol: groups are reached over HTTP. */
final class FindCoordinatorHandler {
    private static final short BATCHED_VERSION = 4;
    private static final String NO_TRANSACTIONS = "transactions are not available";
    private static final String NO_GROUPS = "groups are reached over HTTP, not over this protocol";

    void handle(InboundRequest request) {
        FindCoordinatorRequestData wanted = ((FindCoordinatorRequest) request.body()).data();
        boolean group = wanted.keyType() == CoordinatorType.GROUP.id();
        // A client tries again to find a group's coordinator; to try again for a transaction's would only hide what is wrong.
        Errors error = group ? Errors.COORDINATOR_NOT_AVAILABLE : Errors.INVALID_REQUEST;
        String message = group ? NO_GROUPS : NO_TRANSACTIONS;
        FindCoordinatorResponseData response = new FindCoordinatorResponseData();
        if (request.version() >= BATCHED_VERSION) {
            List<Coordinator> answers = wanted.coordinatorKeys().stream().map(key -> new Coordinator().setKey(key)
                    .setNodeId(-1).setHost("")
                    .setPort(-1).setErrorCode(error.code()).setErrorMessage(message)).toList();
            response.setCoordinators(answers);
        } else {
            response.setErrorCode(error.code()).setErrorMessage(message).setNodeId(-1).setHost("").setPort(-1);
        }
        request.respond(new FindCoordinatorResponse(response));
    }
}
