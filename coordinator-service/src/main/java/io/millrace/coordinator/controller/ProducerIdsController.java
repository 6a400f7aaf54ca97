package io.millrace.coordinator.controller;

import io.millrace.common.api.ProducerIdsApi;
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
        return new ProducerIdBlock(store.nextProducerId(), BLOCK_SIZE);
    }
}
