package io.millrace.coordinator.controller;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import org.springframework.stereotype.Component;

/** The controller's meters; those of the cluster are the same on every coordinator. */
@Component
class ControllerMetrics implements MeterBinder {
    private final ControllerRole role;
    private final ClusterImages images;

    ControllerMetrics(ControllerRole role, ClusterImages images) {
        this.role = role;
        this.images = images;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("millrace.controller.active", role, it -> it.isActive() ? 1 : 0)
                .description("1 on the coordinator that is the controller")
                .register(registry);
        Gauge.builder("millrace.cluster.brokers.fenced", images,
                it -> it.current().brokers().values().stream().filter(BrokerImage::fenced).count())
                .description("Registered brokers that are not running or not ready")
                .register(registry);
        Gauge.builder("millrace.cluster.partitions.leaderless", images, it -> leaderless(it.current()))
                .description("Partitions without a leader")
                .register(registry);
        Gauge.builder("millrace.cluster.topics", images, it -> it.current().topicsByName().size())
                .description("Topics")
                .register(registry);
    }

    private static long leaderless(ClusterImage image) {
        return image.topicsByName().values().stream()
                .flatMap(topic -> topic.partitions().stream())
                .filter(partition -> image.leader(partition) == null)
                .count();
    }
}
