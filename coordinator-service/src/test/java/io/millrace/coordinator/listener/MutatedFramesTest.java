package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.millrace.common.wire.FrameFuzz;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.slf4j.LoggerFactory;

/** Requests for groups with bytes changed, cut off or added: each is answered or refused, and none is a fault of ours. */
@ResourceLock(ListeningCoordinator.ALONE)
class MutatedFramesTest {
    private static final int PERCENT = 20;

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final ListAppender<ILoggingEvent> faults = new ListAppender<>();

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(WireErrors.class);
    }

    @BeforeEach
    void listen() {
        faults.start();
        logger().addAppender(faults);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(faults);
    }

    @Test
    void mutated_requests_harm_neither_the_coordinator_nor_another_connection() throws Exception {
        long seed = Long.getLong("millrace.seed", 78L);

        new FrameFuzz(coordinator.server(), seed, frames()).run(FrameFuzz.cases(PERCENT));

        assertThat(faults.list).as("seed %d", seed).isEmpty();
    }

    @Test
    void absurd_lengths_in_any_request_are_refused_before_memory_is_taken_for_them() {
        new FrameFuzz(coordinator.server(), 1, frames()).absurdLengthsTakeNoMemory();
    }

    private List<byte[]> frames() {
        Uuid orders = coordinator.images.current().topic("orders").id();
        var frames = new ArrayList<byte[]>();
        for (ApiKeys key : CoordinatorApis.SUPPORTED.keys()) {
            for (short version = key.oldestVersion(); version <= key.latestVersion(); version++) {
                if (key != ApiKeys.API_VERSIONS && CoordinatorApis.SUPPORTED.accepts(key, version)) {
                    var body = MessageUtil.toByteBufferAccessor(Requests.of(key, version, "mutated", orders), version);
                    frames.add(FrameFuzz.frame(AbstractRequest.parseRequest(key, version, body).request));
                }
            }
        }
        return frames;
    }
}
