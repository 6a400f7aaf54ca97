package io.millrace.gateway.testing;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.List;

/** A controller that plans one move from broker 0 to broker 1 whatever it is asked for, and keeps what it was asked. */
public final class FakeCluster implements ClusterApi {
    public final List<Object> asked = new ArrayList<>();
    private final FakeImages images;

    FakeCluster(FakeImages images) {
        this.images = images;
    }

    @Override
    public Planned rebalance(Options options) {
        asked.add(options);
        return planned();
    }

    @Override
    public Planned reassign(Reassign request) {
        asked.add(request);
        return planned();
    }

    @Override
    public ReassignedEach reassignEach(ReassignEach request) {
        throw new UnsupportedOperationException("no gateway asks for it");
    }

    @Override
    public Progress progress(int limit) {
        return new Progress(1, 1, 1, 3, 1_000L, List.of(new BrokerMoves(0, 0, 2), new BrokerMoves(1, 2, 0)), List.of(
                new UnderWay("orders", 0, true, List.of(0, 2), List.of(1, 2), List.of(1), List.of(),
                        Reason.CATCHING_UP, List.of(1)),
                new UnderWay("orders", 1, false, List.of(0), List.of(1), List.of(), List.of(),
                        Reason.BROKER_NOT_RUNNING, List.of(1))).subList(0, Math.min(2, limit)));
    }

    @Override
    public Cancelled cancel() {
        return new Cancelled(2, 1);
    }

    @Override
    public CancelledOf cancel(Cancel request) {
        throw new UnsupportedOperationException("no gateway asks for it");
    }

    @Override
    public Reassigned list(Reassignments request) {
        throw new UnsupportedOperationException("no gateway asks for it");
    }

    @Override
    public Elected elect(Elect request) {
        throw new UnsupportedOperationException("no gateway asks for it");
    }

    @Override
    public Planned drain(int id, Options options) {
        requireBroker(id);
        asked.add(options);
        return planned();
    }

    @Override
    public Cancelled undrain(int id) {
        requireBroker(id);
        return new Cancelled(1, 1);
    }

    @Override
    public Changed remove(int id) {
        requireBroker(id);
        return new Changed(images.current().version());
    }

    @Override
    public Planned replicationFactor(String name, ReplicationFactor request) {
        asked.add(request);
        return planned();
    }

    @Override
    public Changed partitions(String name, Partitions request) {
        asked.add(request);
        return new Changed(images.current().version());
    }

    private void requireBroker(int id) {
        if (!images.current().brokers().containsKey(id)) {
            throw new RefusedException(ErrorCode.UNKNOWN_BROKER, "There is no broker " + id);
        }
    }

    private static Planned planned() {
        return new Planned(List.of(new Move("orders", 0, List.of(0), List.of(1))), 1, 1);
    }
}
