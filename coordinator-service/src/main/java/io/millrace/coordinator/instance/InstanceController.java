package io.millrace.coordinator.instance;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.runtime.GroupSettings;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.UUID;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;

/** HTTP consumers as the gateways use them. */
@RestController
class InstanceController implements InstancesApi {
    private final Consumers consumers;
    private final Membership membership;
    private final Positions positions;
    private final TopicsFeed topics;
    private final ConsumerSettings settings;
    private final InstanceRules rules;

    InstanceController(Consumers consumers, Membership membership, Positions positions, TopicsFeed topics,
            ConsumerSettings settings, GroupSettings groupSettings) {
        this.consumers = consumers;
        this.membership = membership;
        this.positions = positions;
        this.topics = topics;
        this.settings = settings;
        this.rules = new InstanceRules(settings, groupSettings);
    }

    @Override
    public Instance create(String group, CreateInstance request) {
        String name = request.name() == null ? "consumer-" + UUID.randomUUID() : request.name();
        rules.checkName("the group's id", group);
        rules.checkName("name", name);
        var row = new InstanceRow(group, name, rules.settings(request), List.of(), null, List.of());
        consumers.add(row);
        return new Instance(name, row.settings(), List.of(), null, HttpConsumer.NOT_A_MEMBER, List.of());
    }

    @Override
    public Instance describe(String group, String instance) {
        return consumers.call(group, instance, consumer -> new Instance(instance, consumer.row.settings(),
                consumer.row.topics(), consumer.row.pattern(), consumer.memberEpoch, named(consumer.owned)));
    }

    @Override
    public void delete(String group, String instance, boolean lossy) {
        consumers.call(group, instance, consumer -> {
            // A client that says goodbye is done with what it got, as with KafkaConsumer.close.
            if (!lossy) {
                confirm(consumer);
            }
            end(consumer);
            return null;
        });
    }

    /** Inside the consumer's turnstile. */
    private void end(HttpConsumer consumer) {
        membership.commitConfirmed(consumer, consumer.owned);
        membership.leave(consumer);
        consumers.remove(consumer);
    }

    @Override
    public void subscribe(String group, String instance, Subscription subscription) {
        rules.check(subscription);
        List<String> names = subscription.topics().stream().distinct().sorted().toList();
        consumers.call(group, instance, consumer -> {
            InstanceRow next = consumer.row.subscribed(names, subscription.pattern());
            if (next.isSubscribed() && !consumer.row.byHand().isEmpty()) {
                throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT,
                        "consumer '%s' has partitions assigned by hand".formatted(instance));
            }
            if (!next.isSubscribed()) {
                membership.commitConfirmed(consumer, consumer.owned);
            }
            consumers.change(consumer, next);
            if (next.isSubscribed()) {
                consumer.subscriptionChanged = true;
            } else {
                membership.leave(consumer);
            }
            return null;
        });
    }

    @Override
    public void assign(String group, String instance, Assignment assignment) {
        rules.check(assignment, topics.current());
        consumers.call(group, instance, consumer -> {
            if (consumer.row.isSubscribed()) {
                throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT,
                        "consumer '%s' is subscribed".formatted(instance));
            }
            membership.commitConfirmed(consumer, consumer.owned);
            consumers.assign(consumer, consumer.row.assigned(assignment.partitions().stream().sorted().toList()),
                    membership.byHand(assignment.partitions()));
            membership.heartbeat(consumer, 0);
            return null;
        });
    }

    @Override
    public PollGrant beginPoll(String group, String instance, BeginPoll request) {
        return consumers.call(group, instance, consumer -> {
            ReadProgress progress = consumer.progress;
            requireNotSuperseded(consumer, request.continued());
            consumer.continued = request.continued();
            consumer.isStream = request.standing() != null;
            if (request.standing() != null) {
                goOnFrom(consumer, request.standing());
            } else if (!progress.repeats(request.pollId())) {
                confirm(consumer);
            }
            progress.supersede();
            int waitMs = request.waitMs() == null ? 0 : Math.max(0, request.waitMs());
            if (request.standing() == null) {
                membership.heartbeat(consumer, waitMs);
            } else {
                membership.heartbeatAsMember(consumer, waitMs);
            }
            membership.lookUpCommitted(consumer);
            var granted = new ArrayList<Granted>();
            // What it repeats may have gone to another member meanwhile: then this is a poll like any other.
            boolean stillRepeats = progress.repeats(request.pollId());
            progress.beginPoll(request.pollId(), consumer.owned).forEach((partition, range) -> {
                Topic topic = topics.current().withId(partition.topicId());
                if (topic != null) {
                    granted.add(new Granted(wireId(topic), topic.name(), partition.partition(), range.start(), range
                            .end()));
                }
            });
            return new PollGrant(progress.pollNumber(), consumer.memberEpoch, consumer.row.settings(), granted,
                    stillRepeats);
        });
    }

    /** A poll that waits must not take the turn, and the records, from one that its client has asked for since. */
    private static void requireNotSuperseded(HttpConsumer consumer, @Nullable Long continued) {
        // Sent once more, since its answer was lost, it goes on with the same as before.
        boolean isOurs = continued == null || continued == consumer.progress.pollNumber() || continued.equals(
                consumer.continued);
        if (!isOurs && (!consumer.takenOver || consumer.progress.hasBegun())) {
            throw new RefusedException(ErrorCode.POLL_SUPERSEDED,
                    "poll %d of consumer '%s' was superseded".formatted(continued, consumer.row.instanceId()));
        }
    }

    /** Hears how the last answer went out, before anything is taken for confirmed. Returns false when it is to be given again. */
    private boolean settle(HttpConsumer consumer) {
        if (!consumer.progress.awaitsAnswer()) {
            return true;
        }
        boolean whole = consumer.answer.isWhole(settings.answerPatience());
        consumer.progress.answered(whole);
        return whole;
    }

    /** The client has what was delivered, as far as its answer is known to have gone out. */
    private void confirm(HttpConsumer consumer) {
        settle(consumer);
        consumer.progress.confirm();
    }

    /** Before the heartbeat, which may hand partitions over: what their next owner goes on from is committed then. */
    private void goOnFrom(HttpConsumer consumer, Standing standing) {
        ReadProgress progress = consumer.progress;
        boolean unknownYet = consumer.takenOver && !progress.hasBegun();
        boolean isLast = unknownYet || progress.pollNumber() == standing.pollNumber();
        // After seeks it stands where it stood in all partitions but those; another poll has moved the positions of all.
        if (isLast || progress.wasLastBeforeSeeks(standing.pollNumber())) {
            forEachOwned(consumer, standing.positions(), (partition, offset) -> {
                if (!isSought(consumer, partition, standing)) {
                    progress.stand(partition, offset);
                }
            });
            forEachOwned(consumer, standing.confirmed(), (partition, offset) -> {
                if (!isSought(consumer, partition, standing)) {
                    progress.confirmFurther(partition, offset);
                }
            });
        }
    }

    /** Whether the client has moved it since the stream's last poll, here or at the coordinator before. */
    private static boolean isSought(HttpConsumer consumer, PartitionId partition, Standing standing) {
        return consumer.progress.isSought(partition) || !consumer.progress.hasBegun() && consumer.wasSoughtSince(
                partition, standing.pollNumber());
    }

    private void forEachOwned(HttpConsumer consumer, List<Position> positions, ObjLongConsumer<PartitionId> action) {
        for (Position position : positions) {
            Topic topic = topics.current().named(position.topic());
            PartitionId partition = topic == null ? null : new PartitionId(topic.id(), position.partition());
            if (partition != null && position.offset() >= 0 && consumer.owned.contains(partition)) {
                action.accept(partition, position.offset());
            }
        }
    }

    @Override
    public void delivered(String group, String instance, Delivered delivered) {
        consumers.call(group, instance, consumer -> {
            if (delivered.pollNumber() != consumer.progress.pollNumber()) {
                if (consumer.takenOver && !consumer.progress.hasBegun()) {
                    throw unknownHere(consumer);
                }
                throw new RefusedException(ErrorCode.POLL_SUPERSEDED,
                        "poll %d of consumer '%s' was superseded".formatted(delivered.pollNumber(), instance));
            }
            Map<PartitionId, Long> ends = owned(consumer, delivered.positions(), ErrorCode.FENCED_MEMBER_EPOCH);
            Map<PartitionId, Long> starts = owned(consumer, delivered.starts(), ErrorCode.FENCED_MEMBER_EPOCH);
            membership.touch(consumer);
            positions.keepFound(consumer, starts);
            consumer.progress.delivered(ends, starts, delivered.isAnswer());
            if (delivered.isAnswer()) {
                consumer.answer.expect(delivered.pollNumber());
            }
            return null;
        });
    }

    @Override
    public void answered(String group, String instance, Answered answered) {
        // Not in turn: the next poll may be having its turn, and wait for this.
        consumers.served(group, instance).answer.tell(answered.pollNumber(), answered.whole());
    }

    @Override
    public void seek(String group, String instance, Seek seek) {
        consumers.call(group, instance, consumer -> {
            Map<PartitionId, Long> sought = owned(consumer, seek.positions(), ErrorCode.INVALID_REQUEST);
            // The other partitions of an answer that was lost are given again.
            settle(consumer);
            awaitCommitUnderWay(consumer);
            positions.keepSought(consumer, sought);
            consumer.progress.seek(sought);
            return null;
        });
    }

    @Override
    public Confirmed confirm(String group, String instance) {
        return consumers.call(group, instance, consumer -> {
            if (consumer.takenOver && !consumer.progress.hasBegun()) {
                throw unknownHere(consumer);
            }
            if (consumer.isStream) {
                throw new RefusedException(ErrorCode.INVALID_SETTING,
                        "offsets: the client of a stream names what it commits");
            }
            if (!settle(consumer)) {
                throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH,
                        "the last answer of consumer '%s' is not known to have gone out, and will be given again"
                                .formatted(consumer.row.instanceId()));
            }
            consumer.progress.confirm();
            awaitCommitUnderWay(consumer);
            var positions = new ArrayList<Position>();
            consumer.progress.confirmed().forEach((partition, offset) -> {
                Topic topic = topics.current().withId(partition.topicId());
                if (topic != null) {
                    positions.add(new Position(topic.name(), partition.partition(), offset));
                }
            });
            return new Confirmed(consumer.memberEpoch, positions);
        });
    }

    @Override
    public Confirmed confirmGiven(String group, String instance, Given given) {
        return consumers.call(group, instance, consumer -> {
            forEachOwned(consumer, given.positions(), consumer.progress::confirm);
            awaitCommitUnderWay(consumer);
            return new Confirmed(consumer.memberEpoch, given.positions());
        });
    }

    /** A commit at intervals that is on its way must not undo the one that the client asks for now, nor seem newer than what it seeks. */
    private static void awaitCommitUnderWay(HttpConsumer consumer) {
        consumer.committing.lock();
        consumer.committing.unlock();
    }

    private static RefusedException unknownHere(HttpConsumer consumer) {
        return new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH,
                "consumer '%s' is served by another coordinator now, which grants again what was not committed"
                        .formatted(consumer.row.instanceId()));
    }

    private Map<PartitionId, Long> owned(HttpConsumer consumer, List<Position> positions, ErrorCode otherwise) {
        var byId = new HashMap<PartitionId, Long>();
        for (Position position : positions) {
            if (position.offset() < 0) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "offset %d of %s-%d is negative"
                        .formatted(position.offset(), position.topic(), position.partition()));
            }
            @Nullable
            Topic topic = topics.current().named(position.topic());
            PartitionId partition = topic == null ? null : new PartitionId(topic.id(), position.partition());
            if (partition == null || !consumer.owned.contains(partition)) {
                throw new RefusedException(otherwise, "consumer '%s' does not own %s-%d"
                        .formatted(consumer.row.instanceId(), position.topic(), position.partition()));
            }
            byId.put(partition, position.offset());
        }
        return byId;
    }

    private List<TopicPartition> named(SortedSet<PartitionId> partitions) {
        var named = new ArrayList<TopicPartition>();
        for (PartitionId partition : partitions) {
            Topic topic = topics.current().withId(partition.topicId());
            if (topic != null) {
                named.add(new TopicPartition(topic.name(), partition.partition()));
            }
        }
        named.sort(null);
        return named;
    }

    /** As Kafka prints topic ids. */
    private static String wireId(Topic topic) {
        return new org.apache.kafka.common.Uuid(topic.id().getMostSignificantBits(), topic.id()
                .getLeastSignificantBits())
                .toString();
    }
}
