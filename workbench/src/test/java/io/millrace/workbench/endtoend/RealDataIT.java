package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;

/** The journey on a suite that nothing happens to. */
@WithSuite
class RealDataIT extends RealDataJourney {
    private final Gateway gateway;

    RealDataIT(Suite suite, Gateway gateway) throws IOException {
        super(suite, gateway, "repository-changes");
        this.gateway = gateway;
    }

    @Override
    void begin(String topic, int partitions) throws Exception {
        gateway.createTopic(topic, partitions);
    }

    @Override
    void beforeBatch(int batch) {
        // all go in at once
    }

    @Override
    void beforeReading() {
        // nothing to wait for
    }

    @Override
    void beforeRestart() {
        // nothing else happens to the suite
    }
}
