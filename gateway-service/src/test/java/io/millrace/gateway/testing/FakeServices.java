package io.millrace.gateway.testing;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A controller, a coordinator and an offset service, with one member a group: what it subscribes to it owns. */
public final class FakeServices implements ServiceClients, InstancesApi, OffsetsApi, GroupsApi {
    private static final class Member {
        final Settings settings;
        List<String> topics = List.of();
        @Nullable
        String pattern;
        List<TopicPartition> byHand = List.of();
        long epoch = -1;
        boolean isMember = true;
        boolean unanswered;
        long pollNumber;
        @Nullable
        String pollId;
        final Map<TopicPartition, Long> positions = new TreeMap<>();
        final Map<TopicPartition, Long> starts = new TreeMap<>();
        final Map<TopicPartition, Long> ends = new TreeMap<>();

        Member(Settings settings) {
            this.settings = settings;
        }
    }

    public final FakeController controller;
    public final FakeCluster cluster;
    private final FakeImages images;
    private final Map<String, Map<String, Member>> groups = new HashMap<>();
    private final Map<String, TreeMap<TopicPartition, Committed>> committed = new HashMap<>();
    private final AtomicInteger polls = new AtomicInteger();
    private final Set<TopicPartition> others = new HashSet<>();
    private volatile @Nullable ErrorCode refuseDelivered;
    private final AtomicReference<@Nullable ErrorCode> refuseOnce = new AtomicReference<>();
    private volatile @Nullable Boolean leavesAfterNoting;
    private volatile boolean away;
    private final AtomicInteger lostReplies = new AtomicInteger();
    /** By group. */
    private final Map<String, Long> confirmed = new ConcurrentHashMap<>();
    private final Map<String, Integer> groupPolls = new ConcurrentHashMap<>();
    private final Map<String, Integer> losses = new ConcurrentHashMap<>();
    private final Map<String, Integer> answers = new ConcurrentHashMap<>();
    private final Map<String, Integer> touches = new ConcurrentHashMap<>();
    private volatile @Nullable ErrorCode refuseCommits;
    private final List<Reset> resets = new ArrayList<>();

    public FakeServices(FakeImages images) {
        this.controller = new FakeController(images);
        this.cluster = new FakeCluster(images);
        this.images = images;
    }

    /** How often a poll was begun. */
    public int polls() {
        return polls.get();
    }

    /** How often a consumer of the group began one. */
    public int polls(String group) {
        return groupPolls.getOrDefault(group, 0);
    }

    /** What {@code delivered} is refused with from now on; null: it is taken. */
    public void refuseDelivered(@Nullable ErrorCode code) {
        refuseDelivered = code;
    }

    /** What the next {@code delivered} that tells of positions is refused with. */
    public void refuseDeliveredOnce(ErrorCode code) {
        refuseOnce.set(code);
    }

    /**
     * The next time that records are about to be given out, the groups' coordinator is away, until {@link #comeBack}.
     *
     * @param afterNoting whether it notes that they are
     */
    public void goAwayAtDelivery(boolean afterNoting) {
        leavesAfterNoting = afterNoting;
    }

    public void comeBack() {
        leavesAfterNoting = null;
        away = false;
    }

    private void requirePresent() {
        if (away) {
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the coordinator is away");
        }
    }

    /** Whether the partition is another member's, wherever that is. */
    public synchronized void anothers(String topic, int partition, boolean isAnothers) {
        if (isAnothers) {
            others.add(new TopicPartition(topic, partition));
            groups.values().forEach(group -> group.values().forEach(member -> member.positions.remove(
                    new TopicPartition(topic, partition))));
        } else {
            others.remove(new TopicPartition(topic, partition));
        }
    }

    /** The names of the group's consumers. */
    public synchronized Set<String> instancesOf(String group) {
        return Set.copyOf(groups.getOrDefault(group, Map.of()).keySet());
    }

    /** The group goes on without its members. */
    public synchronized void expireSessions(String group) {
        groups.get(group).values().forEach(member -> member.isMember = false);
    }

    /** How often it was told that a client of the group may not have got what was delivered. */
    public int losses(String group) {
        return losses.getOrDefault(group, 0);
    }

    /** How often it was told that an answer went out to a client of the group. */
    public int answers(String group) {
        return answers.getOrDefault(group, 0);
    }

    /** How often a sign of life came with which nothing was delivered. */
    public int touches(String group) {
        return touches.getOrDefault(group, 0);
    }

    /** Up to where a stream of the group has told that its client has got it; -1 where it has told nothing. */
    public long confirmed(String group, String topic, int partition) {
        return confirmed.getOrDefault(group + "/" + topic + "/" + partition, -1L);
    }

    /** Where the group's only member goes on in the partition. */
    public synchronized @Nullable Long position(String group, String topic, int partition) {
        return groups.get(group).values().iterator().next().positions.get(new TopicPartition(topic, partition));
    }

    /** What commits are refused with from now on; null: they are taken. */
    public void refuseCommits(@Nullable ErrorCode code) {
        refuseCommits = code;
    }

    /** So many of the next replies to {@code delivered} are lost: it is taken, but the gateway does not hear of it. */
    public void loseReplies(int replies) {
        lostReplies.set(replies);
    }

    public synchronized void committed(String group, String topic, int partition, long offset) {
        committed.computeIfAbsent(group, _ -> new TreeMap<>()).put(new TopicPartition(topic, partition),
                new Committed(topic, partition, offset, null, "", 0));
    }

    /** -1 without a commit. */
    public synchronized long committed(String group, String topic, int partition) {
        var found = committed.getOrDefault(group, new TreeMap<>()).get(new TopicPartition(topic, partition));
        return found == null ? -1 : found.offset();
    }

    public synchronized List<Reset> resets() {
        return List.copyOf(resets);
    }

    @Override
    public ClusterApi cluster() {
        return cluster;
    }

    @Override
    public TopicsApi topics() {
        return controller;
    }

    @Override
    public ProducerIdsApi producerIds() {
        throw new UnsupportedOperationException("not played");
    }

    @Override
    public InstancesApi instances(String group) {
        return this;
    }

    @Override
    public GroupsApi groups(String group) {
        return this;
    }

    @Override
    public List<GroupsApi> allGroups() {
        return List.of(this);
    }

    @Override
    public OffsetsApi offsets() {
        return this;
    }

    @Override
    public synchronized Instance create(String group, CreateInstance request) {
        String name = request.name() == null ? "made-up" : request.name();
        var settings = new Settings(request.format(), Objects.requireNonNullElse(request.autoOffsetReset(), "latest"),
                Objects.requireNonNullElse(request.enableAutoCommit(), true), Objects.requireNonNullElse(request
                        .fetchMinBytes(), 1),
                Objects.requireNonNullElse(request.requestTimeoutMs(), 1000),
                Objects.requireNonNullElse(request.isolationLevel(), "read_uncommitted"), 30_000);
        if (groups.computeIfAbsent(group, _ -> new TreeMap<>()).putIfAbsent(name, new Member(settings)) != null) {
            throw new RefusedException(ErrorCode.INSTANCE_EXISTS, "there is a consumer '" + name + "' already");
        }
        return new Instance(name, settings, List.of(), null, -1, List.of());
    }

    @Override
    public synchronized Instance describe(String group, String instance) {
        var member = member(group, instance);
        return new Instance(instance, member.settings, member.topics, member.pattern, member.epoch, owned(member));
    }

    @Override
    public synchronized void delete(String group, String instance, boolean lossy) {
        var member = member(group, instance);
        if (lossy) {
            losses.merge(group, 1, Integer::sum);
            groups.get(group).remove(instance);
            member.positions.keySet().stream().filter(partition -> confirmed(group, partition.topic(), partition
                    .partition()) >= 0).forEach(partition -> committed(group, partition.topic(), partition
                            .partition(), confirmed(group, partition.topic(), partition.partition())));
            return;
        }
        if (member.isMember && member.settings.enableAutoCommit()) {
            member.positions.forEach((partition, offset) -> committed(group, partition.topic(), partition.partition(),
                    offset));
        }
        groups.get(group).remove(instance);
    }

    @Override
    public synchronized void subscribe(String group, String instance, Subscription subscription) {
        var member = member(group, instance);
        if (!member.byHand.isEmpty()) {
            throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT, "partitions are assigned by hand");
        }
        member.topics = subscription.topics();
        member.pattern = subscription.pattern();
        member.epoch = 1;
    }

    @Override
    public synchronized void assign(String group, String instance, Assignment assignment) {
        var member = member(group, instance);
        if (!member.topics.isEmpty() || member.pattern != null) {
            throw new RefusedException(ErrorCode.SUBSCRIPTION_CONFLICT, "it is subscribed");
        }
        member.byHand = assignment.partitions();
    }

    @Override
    public synchronized PollGrant beginPoll(String group, String instance, BeginPoll request) {
        polls.incrementAndGet();
        groupPolls.merge(group, 1, Integer::sum);
        requirePresent();
        var member = member(group, instance);
        var standing = request.standing();
        if (standing != null) {
            if (!member.isMember) {
                throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "it is not a member any more");
            }
            standing.confirmed().forEach(each -> confirmed.put(group + "/" + each.topic() + "/" + each.partition(), each
                    .offset()));
            if (standing.pollNumber() == member.pollNumber) {
                var owned = new HashSet<>(owned(member));
                standing.positions().stream().filter(each -> owned.contains(new TopicPartition(each.topic(), each
                        .partition()))).forEach(each -> member.positions.put(new TopicPartition(each.topic(), each
                                .partition()), each.offset()));
            }
        }
        member.isMember = true;
        member.pollNumber++;
        boolean repeats = request.pollId() != null && request.pollId().equals(member.pollId) && !member.ends.isEmpty();
        if (!repeats) {
            if (member.unanswered) {
                member.ends.keySet().forEach(partition -> member.positions.put(partition, member.starts.get(
                        partition)));
            }
            member.unanswered = false;
            member.pollId = request.pollId();
            member.starts.clear();
            member.ends.clear();
        }
        var granted = new ArrayList<Granted>();
        for (var partition : owned(member)) {
            var id = images.current().topicsByName().get(partition.topic()).id().toString();
            if (repeats) {
                if (member.ends.containsKey(partition)) {
                    granted.add(new Granted(id, partition.topic(), partition.partition(), member.starts.get(partition),
                            member.ends.get(partition)));
                }
            } else {
                Long position = member.positions.get(partition);
                if (position == null && committed(group, partition.topic(), partition.partition()) >= 0) {
                    position = committed(group, partition.topic(), partition.partition());
                }
                if (position != null) {
                    member.starts.put(partition, position);
                }
                granted.add(new Granted(id, partition.topic(), partition.partition(), position, null));
            }
        }
        return new PollGrant(member.pollNumber, member.epoch, member.settings, granted, repeats);
    }

    @Override
    public synchronized void delivered(String group, String instance, Delivered delivered) {
        var member = member(group, instance);
        var leaves = leavesAfterNoting;
        if (leaves != null && !delivered.positions().isEmpty()) {
            away = true;
            if (!leaves) {
                requirePresent();
            }
        }
        var once = delivered.positions().isEmpty() ? null : refuseOnce.getAndSet(null);
        var refusal = once != null ? once : refuseDelivered;
        if (refusal != null) {
            throw new RefusedException(refusal, "not taken");
        }
        if (!member.isMember) {
            throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "it is not a member any more");
        }
        if (delivered.pollNumber() != member.pollNumber) {
            throw new RefusedException(ErrorCode.POLL_SUPERSEDED, "another poll has taken over");
        }
        if (delivered.positions().isEmpty()) {
            touches.merge(group, 1, Integer::sum);
        }
        member.unanswered = delivered.isAnswer();
        delivered.starts().forEach(each -> member.starts.putIfAbsent(new TopicPartition(each.topic(), each
                .partition()), each.offset()));
        for (var each : delivered.positions()) {
            var partition = new TopicPartition(each.topic(), each.partition());
            member.positions.put(partition, each.offset());
            if (member.starts.get(partition) < each.offset()) {
                member.ends.put(partition, each.offset());
            }
        }
        if (lostReplies.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the connection broke");
        }
    }

    @Override
    public synchronized void answered(String group, String instance, Answered answered) {
        var member = member(group, instance);
        (answered.whole() ? answers : losses).merge(group, 1, Integer::sum);
        if (answered.whole() && answered.pollNumber() == member.pollNumber) {
            member.unanswered = false;
        }
    }

    @Override
    public synchronized void seek(String group, String instance, Seek seek) {
        var member = member(group, instance);
        var owned = new HashSet<>(owned(member));
        for (var each : seek.positions()) {
            if (!owned.contains(new TopicPartition(each.topic(), each.partition()))) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "it does not own " + each.topic() + "-" + each
                        .partition());
            }
        }
        seek.positions().forEach(each -> member.positions.put(new TopicPartition(each.topic(), each.partition()), each
                .offset()));
        member.pollId = null;
        member.pollNumber++;
    }

    @Override
    public synchronized Confirmed confirm(String group, String instance) {
        var member = member(group, instance);
        return new Confirmed(member.epoch, member.positions.entrySet().stream()
                .map(entry -> new Position(entry.getKey().topic(), entry.getKey().partition(), entry.getValue()))
                .toList());
    }

    @Override
    public synchronized Confirmed confirmGiven(String group, String instance, Given given) {
        return new Confirmed(member(group, instance).epoch, given.positions());
    }

    @Override
    public synchronized void commit(String group, Commit commit) {
        var refusal = refuseCommits;
        if (refusal != null) {
            throw new RefusedException(refusal, "not taken");
        }
        var member = commit.member();
        if (member != null && member(group, member.memberId()).epoch != member.epoch()) {
            throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "the member's epoch is another");
        }
        for (var each : commit.offsets()) {
            committed.computeIfAbsent(group, _ -> new TreeMap<>()).put(new TopicPartition(each.topic(), each
                    .partition()),
                    new Committed(each.topic(), each.partition(), each.offset(), null, Objects.requireNonNullElse(each
                            .metadata(), ""), 0));
        }
    }

    @Override
    public synchronized CommittedOffsets fetch(String group, Fetch fetch) {
        var all = committed.getOrDefault(group, new TreeMap<>()).values().stream();
        var wanted = fetch.partitions();
        return new CommittedOffsets(all
                .filter(each -> wanted == null || wanted.contains(new TopicPartition(each.topic(), each.partition())))
                .toList());
    }

    @Override
    public synchronized CommittedOffsets reset(String group, Reset reset) {
        resets.add(reset);
        return fetch(group, new Fetch(null));
    }

    @Override
    public synchronized List<GroupSummary> list() {
        return groups.entrySet().stream().map(entry -> new GroupSummary(entry.getKey(), "STABLE", entry.getValue()
                .size())).toList();
    }

    @Override
    public synchronized GroupDescription describe(String group) {
        var members = groups.get(group);
        if (members == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_GROUP, "there is no group '" + group + "'");
        }
        return new GroupDescription(group, members.isEmpty() ? "EMPTY" : "STABLE", 1, "sticky", members.entrySet()
                .stream()
                .map(entry -> new MemberDescription(entry.getKey(), entry.getValue().epoch, new HashSet<>(entry
                        .getValue().topics),
                        owned(entry.getValue())))
                .toList());
    }

    /** Both of a group and of its offsets. */
    @Override
    public void forget(String group, Forget forget) {
        throw new UnsupportedOperationException("the gateway forgets whole groups");
    }

    @Override
    public synchronized void delete(String group) {
        if (!describe(group).members().isEmpty()) {
            throw new RefusedException(ErrorCode.GROUP_NOT_EMPTY, "it has members");
        }
        groups.remove(group);
        committed.remove(group);
    }

    private List<TopicPartition> owned(Member member) {
        if (!member.byHand.isEmpty()) {
            return member.byHand;
        }
        var owned = new ArrayList<TopicPartition>();
        for (var topic : images.current().topicsByName().values()) {
            if (member.topics.contains(topic.name()) || member.pattern != null && topic.name().matches(
                    member.pattern)) {
                topic.partitions().forEach(partition -> owned.add(new TopicPartition(topic.name(), partition.index())));
            }
        }
        owned.removeAll(others);
        return owned;
    }

    private Member member(String group, String instance) {
        var member = groups.getOrDefault(group, Map.of()).get(instance);
        if (member == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_INSTANCE, "there is no consumer '" + instance + "'");
        }
        return member;
    }
}
