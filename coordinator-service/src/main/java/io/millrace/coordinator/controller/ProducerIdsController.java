package io.millrace.coordinator.controller;

import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import org.springframework.web.bind.annotation.RestController;

/** Hands out producer ids. A sequence is never rolled back, so a block whose answer was lost is lost with it, and harms nobody. */
@RestController
class ProducerIdsController implements ProducerIdsApi {
    /** As {@code metadata.producer_id} steps. */
    private static final int BLOCK_SIZE = 1000;

    private final ControllerRole role;
    private final TopicStore store;

    ProducerIdsController(ControllerRole role, TopicStore store) {
        this.role = role;
        this.store = store;
    }

    @Override
    public ProducerIdBlock allocate() {
        role.require();
        long first = store.nextProducerId().orElseThrow(() -> new RefusedException(ErrorCode.UNAVAILABLE,
                "PostgreSQL was started anew and is not trusted yet; try again"));
        return new ProducerIdBlock(first, BLOCK_SIZE);
    }
}
