package io.millrace.coordinator.listener;

import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/** Sends single requests to a coordinator, in the versions that a test wants. */
final class WireClient implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("wire-test"));
    private final BrokerEndpoint endpoint;

    WireClient(CoordinatorNode node) {
        endpoint = new BrokerEndpoint(node.id(), node.host(), node.port());
    }

    /** A request made for one version. */
    private static final class Fixed extends AbstractRequest.Builder<AbstractRequest> {
        private final Function<Short, AbstractRequest> make;

        Fixed(ApiKeys key, short version, Function<Short, AbstractRequest> make) {
            super(key, version);
            this.make = make;
        }

        @Override
        public AbstractRequest build(short version) {
            return make.apply(version);
        }
    }

    <R extends AbstractResponse> R send(ApiKeys key, int version, Function<Short, AbstractRequest> make,
            Class<R> answer) {
        return begin(key, version, make, answer).join();
    }

    /** For what is answered later; all of one client goes over one connection. */
    <R extends AbstractResponse> CompletableFuture<R> begin(ApiKeys key, int version,
            Function<Short, AbstractRequest> make, Class<R> answer) {
        return client.send(endpoint, Lane.DATA, new Fixed(key, (short) version, make), answer, LONG);
    }

    @Override
    public void close() {
        client.close();
    }
}
