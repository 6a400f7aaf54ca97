package io.millrace.gateway.testing;

import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.common.wire.ResponseRefusedException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.FetchRequest;

/** Reaches brokers in memory by a call. A broker that is not there, and one that cuts, look like a lost connection. */
public final class FakeBrokerClient implements BrokerClient {
    private final Map<Integer, FakeBroker> brokers = new ConcurrentHashMap<>();
    private final Map<CompletableFuture<?>, Integer> open = new ConcurrentHashMap<>();
    private final AtomicInteger refusals = new AtomicInteger();

    /** Requests that found no broker. */
    public int refusals() {
        return refusals.get();
    }

    public void connect(int id, FakeBroker broker) {
        brokers.put(id, broker);
    }

    /** Unanswered requests fail, and later ones find nobody. */
    public void disconnect(int id) {
        brokers.remove(id);
        open.forEach((answer, broker) -> {
            if (broker == id) {
                answer.completeExceptionally(new IOException("lost the connection to broker " + id));
            }
        });
    }

    @Override
    public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint endpoint, Lane lane,
            AbstractRequest.Builder<?> request,
            Class<R> responseType, Duration timeout, ResponseMemory memory) {
        FakeBroker broker = brokers.get(endpoint.id());
        if (broker == null) {
            refusals.incrementAndGet();
            return CompletableFuture.failedFuture(new IOException("cannot connect to " + endpoint));
        }
        var answer = new CompletableFuture<R>();
        open.put(answer, endpoint.id());
        answer.whenComplete((_, _) -> open.remove(answer));
        AbstractRequest built = request.build();
        var response = new CompletableFuture<R>();
        broker.answer(built).whenComplete((result, failure) -> {
            if (failure != null) {
                response.completeExceptionally(failure);
                return;
            }
            int size = result.data().size(new ObjectSerializationCache(), built.version());
            if (memory.admits(size)) {
                response.complete(responseType.cast(result));
            } else {
                response.completeExceptionally(new ResponseRefusedException(endpoint, size));
            }
        });
        if (built instanceof FetchRequest && response.isDone()) {
            // What several leaders have at once comes at once, so that a poll gives out all of it.
            open.remove(answer);
            return response;
        }
        response.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .whenCompleteAsync((result, failure) -> {
                    if (failure == null) {
                        answer.complete(result);
                    } else {
                        answer.completeExceptionally(failure instanceof ResponseRefusedException ? failure
                                : new IOException("no answer from " + endpoint, failure));
                    }
                }, Thread::startVirtualThread);
        return answer;
    }

    @Override
    public void close() {
        brokers.clear();
    }
}
