package io.millrace.gateway.producer;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway's producer id, asked for at any broker when it is first needed. */
final class ProducerIds implements Identities {
    private static final Logger LOG = LoggerFactory.getLogger(ProducerIds.class);

    /** Any broker can give one: one that does not answer is not waited for as long as the leader of a partition. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    private final ClusterImages images;
    private final BrokerClient client;
    private final Duration requestTimeout;
    /** Whose turn it is to be asked, so that one that fails is not asked again before all others were. */
    private final AtomicInteger turn;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile @Nullable ProducerId current;

    ProducerIds(ClusterImages images, BrokerClient client, Duration requestTimeout, RandomGenerator random) {
        this.images = images;
        this.client = client;
        this.requestTimeout = requestTimeout.compareTo(LONGEST_WAIT) < 0 ? requestTimeout : LONGEST_WAIT;
        this.turn = new AtomicInteger(random.nextInt());
    }

    @Override
    public @Nullable ProducerId current(long exhausted) {
        ProducerId id = current;
        if (id != null && id.id() != exhausted) {
            return id;
        }
        ask();
        return null;
    }

    @Override
    public void ask() {
        if (!asking.compareAndSet(false, true)) {
            return;
        }
        List<BrokerImage> brokers = images.current().brokers().values().stream().filter(broker -> !broker.fenced())
                .sorted(Comparator.comparingInt(BrokerImage::id)).toList();
        if (brokers.isEmpty()) {
            asking.set(false);
            return;
        }
        BrokerImage chosen = brokers.get(Math.floorMod(turn.getAndIncrement(), brokers.size()));
        var request = new InitProducerIdRequest.Builder(new InitProducerIdRequestData().setTransactionalId(null)
                .setTransactionTimeoutMs(Integer.MAX_VALUE).setProducerId(-1).setProducerEpoch((short) -1));
        CompletableFuture<InitProducerIdResponse> answer;
        try {
            answer = client.send(new BrokerEndpoint(chosen.id(), chosen.host(), chosen.kafkaPort()), Lane.DATA, request,
                    InitProducerIdResponse.class, requestTimeout);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete((response, failure) -> {
            accept(chosen, response, failure);
            asking.set(false);
        });
    }

    private void accept(BrokerImage broker, @Nullable InitProducerIdResponse response, @Nullable Throwable failure) {
        if (response == null) {
            LOG.debug("Broker {} gave no producer id", broker.id(), failure);
        } else if (response.error() != Errors.NONE) {
            LOG.debug("Broker {} gave no producer id: {}", broker.id(), response.error());
        } else {
            current = new ProducerId(response.data().producerId(), response.data().producerEpoch());
            LOG.info("Producing as {}", current);
        }
    }
}
