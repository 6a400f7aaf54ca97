package io.millrace.coordinator.listener;

import io.millrace.common.listener.NodeApis;
import io.millrace.common.wire.SupportedApis;
import java.util.List;
import java.util.stream.Stream;

/** The requests that a coordinator answers, and in which versions. Nothing is advertised that does not work. */
final class CoordinatorApis {
    static final SupportedApis SUPPORTED = new SupportedApis(Stream.of(NodeApis.OF_ANY_NODE, NodeApis.OF_COORDINATORS)
            .flatMap(List::stream).toList());

    private CoordinatorApis() {}
}
