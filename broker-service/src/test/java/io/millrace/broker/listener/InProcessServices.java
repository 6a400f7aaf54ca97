package io.millrace.broker.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** A controller that writes straight into the image; no other service is there. */
final class InProcessServices implements ServiceClients {
    private final SettableImages images;
    private final int brokerId;
    final AtomicLong producerIds = new AtomicLong(1000);
    volatile boolean away;
    /** The last request for more partitions that was carried out. */
    volatile ClusterApi.@Nullable Partitions asked;
    /** After so many more calls the controller is away. */
    final AtomicInteger callsLeft = new AtomicInteger(Integer.MAX_VALUE);
    final AtomicInteger refused = new AtomicInteger();
    /** Blocks asked for; given only once {@link #producerIdsOpen} is open. */
    final AtomicInteger producerIdCalls = new AtomicInteger();
    volatile CountDownLatch producerIdsOpen = new CountDownLatch(0);

    InProcessServices(SettableImages images, int brokerId) {
        this.images = images;
        this.brokerId = brokerId;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** At each call of the controller. */
    volatile Runnable beforeCall = () -> {};

    void requirePresent() {
        beforeCall.run();
        if (away || callsLeft.getAndDecrement() <= 0) {
            refused.incrementAndGet();
            throw new RefusedException(ErrorCode.CONTROLLER_UNAVAILABLE, "there is no controller");
        }
    }

    final PlayedCluster cluster = new PlayedCluster(this);

    @Override
    public ClusterApi cluster() {
        return cluster;
    }

    ClusterApi.Changed partitions(String name, ClusterApi.Partitions request) {
        requirePresent();
        TopicImage topic = images.current().topic(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic " + name);
        }
        if (request.count() <= topic.partitions().size()) {
            throw new RefusedException(ErrorCode.INVALID_PARTITIONS, "topic " + name + " has " + topic.partitions()
                    .size());
        }
        if (request.validateOnly()) {
            return new ClusterApi.Changed(-1);
        }
        asked = request;
        List<PartitionImage> partitions = new ArrayList<>(topic.partitions());
        for (int index = partitions.size(); index < request.count(); index++) {
            List<Integer> replicas = request.assignments() == null ? List.of(brokerId)
                    : request.assignments().get(index - topic.partitions().size());
            partitions.add(new PartitionImage(index, replicas, replicas, replicas.getFirst(), 0, 0));
        }
        images.putTopic(new TopicImage(topic.id(), name, topic.configs(), partitions));
        return new ClusterApi.Changed(images.current().version());
    }

    @Override
    public TopicsApi topics() {
        return new TopicsApi() {
            @Override
            public CreatedTopic create(CreateTopic topic) {
                requirePresent();
                if (images.current().topic(topic.name()) != null) {
                    throw new RefusedException(ErrorCode.TOPIC_EXISTS, "topic " + topic.name() + " exists");
                }
                int partitions = topic.partitions() == null ? 1 : topic.partitions();
                if (partitions < 1) {
                    throw new RefusedException(ErrorCode.INVALID_PARTITIONS, "not " + partitions);
                }
                Map<String, String> configs = topic.configs() == null ? Map.of() : topic.configs();
                ConfigChange.check(configs);
                if (topic.validateOnly()) {
                    return new CreatedTopic("AAAAAAAAAAAAAAAAAAAAAA", partitions, 1, -1);
                }
                TopicImage created = images.createTopic(topic.name(), partitions, brokerId, configs);
                return new CreatedTopic(created.id().toString(), partitions, 1, images.current().version());
            }

            @Override
            public DeletedTopic delete(String name) {
                requirePresent();
                TopicImage topic = images.current().topic(name);
                if (topic == null) {
                    throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic " + name);
                }
                images.deleteTopic(name);
                return new DeletedTopic(topic.id().toString(), name, images.current().version());
            }

            @Override
            public DeletedTopic deleteById(String id) {
                requirePresent();
                TopicImage topic = images.current().topic(Uuid.fromString(id));
                if (topic == null) {
                    throw new RefusedException(ErrorCode.UNKNOWN_TOPIC_ID, "there is no topic " + id);
                }
                return delete(topic.name());
            }

            @Override
            public AlteredTopic alter(String name, AlterConfigs request) {
                requirePresent();
                TopicImage topic = images.current().topic(name);
                if (topic == null) {
                    throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic " + name);
                }
                Map<String, String> configs = ConfigChange.apply(request.replace() ? Map.of() : topic.configs(), request
                        .changes());
                if (request.validateOnly()) {
                    return new AlteredTopic(-1);
                }
                images.putTopic(new TopicImage(topic.id(), name, configs, topic.partitions()));
                return new AlteredTopic(images.current().version());
            }
        };
    }

    @Override
    public ProducerIdsApi producerIds() {
        return () -> {
            requirePresent();
            producerIdCalls.incrementAndGet();
            awaitUninterruptibly(producerIdsOpen);
            return new ProducerIdsApi.ProducerIdBlock(producerIds.getAndAdd(10), 10);
        };
    }

    @Override
    public InstancesApi instances(String group) {
        throw new UnsupportedOperationException("no coordinator");
    }

    @Override
    public GroupsApi groups(String group) {
        throw new UnsupportedOperationException("no coordinator");
    }

    @Override
    public List<GroupsApi> allGroups() {
        return List.of();
    }

    @Override
    public OffsetsApi offsets() {
        throw new UnsupportedOperationException("no offset service");
    }
}
