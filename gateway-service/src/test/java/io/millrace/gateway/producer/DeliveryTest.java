package io.millrace.gateway.producer;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.memory.MemoryBudget;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;

class DeliveryTest {
    private static final int ROUNDS = 300_000;

    @Test
    void a_record_that_fails_while_its_result_is_looked_at_is_never_taken_for_stored() throws Exception {
        var deliveries = new AtomicReferenceArray<Delivery>(1);
        var failing = Thread.ofPlatform().start(() -> {
            Delivery last = null;
            for (int round = 0; round < ROUNDS; round++) {
                Delivery delivery = deliveries.get(0);
                while (delivery == last) {
                    Thread.onSpinWait();
                    delivery = deliveries.get(0);
                }
                last = delivery;
                delivery.failed(0, 1, ErrorCode.LEADER_UNAVAILABLE);
            }
        });
        int takenForStored = 0;
        for (int round = 0; round < ROUNDS; round++) {
            var delivery = new Delivery(1, new MemoryBudget(1), 0, new RefusedRecords(), null);
            delivery.route(0, 0);
            delivery.handedOver();
            deliveries.set(0, delivery);
            ErrorCode error = ErrorCode.TIMED_OUT;
            while (error == ErrorCode.TIMED_OUT) {
                error = delivery.error(0);
            }
            takenForStored += error == null ? 1 : 0;
        }
        failing.join();

        assertThat(takenForStored).isZero();
    }
}
