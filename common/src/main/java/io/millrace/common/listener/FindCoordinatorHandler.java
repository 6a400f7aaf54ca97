package io.millrace.common.listener;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.metadata.LeaseImage;
import io.millrace.common.wire.InboundRequest;
import java.util.List;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.requests.FindCoordinatorResponse;

/** Names the coordinator that holds a group's shard, by the image. */
public final class FindCoordinatorHandler {
    private static final short BATCHED_VERSION = 4;
    private static final String NO_TRANSACTIONS = "transactions are not available";
    private static final String NO_SHARE_GROUPS = "share groups are not available";

    private final ClusterImages images;

    public FindCoordinatorHandler(ClusterImages images) {
        this.images = images;
    }

    public void handle(InboundRequest request) {
        FindCoordinatorRequestData wanted = ((FindCoordinatorRequest) request.body()).data();
        ClusterImage image = images.current();
        FindCoordinatorResponseData response = new FindCoordinatorResponseData();
        if (request.version() >= BATCHED_VERSION) {
            // A key takes a byte and its answer many: one that is named twice is answered once.
            List<Coordinator> answers = wanted.coordinatorKeys().stream().distinct().map(key -> find(image, wanted
                    .keyType(), key)).toList();
            response.setCoordinators(answers);
        } else {
            Coordinator answer = find(image, wanted.keyType(), wanted.key());
            response.setErrorCode(answer.errorCode()).setErrorMessage(answer.errorMessage()).setNodeId(answer.nodeId())
                    .setHost(answer.host()).setPort(answer.port());
        }
        request.respond(new FindCoordinatorResponse(response));
    }

    private static Coordinator find(ClusterImage image, byte keyType, String key) {
        // A client tries again to find a group's coordinator; to try again for what there is none of would only hide what is wrong.
        if (keyType == CoordinatorType.TRANSACTION.id()) {
            return refused(key, Errors.INVALID_REQUEST, NO_TRANSACTIONS);
        }
        if (keyType != CoordinatorType.GROUP.id()) {
            return refused(key, Errors.INVALID_REQUEST, NO_SHARE_GROUPS);
        }
        LeaseImage lease = image.coordinator(key);
        CoordinatorNode node = lease == null ? null : lease.kafka();
        if (node == null) {
            return refused(key, Errors.COORDINATOR_NOT_AVAILABLE, "no coordinator has the group's shard at present");
        }
        return new Coordinator().setKey(key).setNodeId(node.id()).setHost(node.host()).setPort(node.port());
    }

    private static Coordinator refused(String key, Errors error, String message) {
        return new Coordinator().setKey(key).setNodeId(-1).setHost("").setPort(-1).setErrorCode(error.code())
                .setErrorMessage(message);
    }
}
