package io.millrace.workbench.groups;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Who reads which partition, as the consumers say. */
final class Ledger {
    private final int partitions;
    private final Map<TopicPartition, Integer> readers = new HashMap<>();
    private final Set<Integer> members = new HashSet<>();
    private final Set<TopicPartition> letGo = new HashSet<>();
    private final Map<TopicPartition, Long> pausedSinceNanos = new HashMap<>();
    private final List<String> doubles = new ArrayList<>();
    private Map<TopicPartition, Integer> readersBefore = Map.of();
    private long longestPauseNanos;
    private @Nullable Throwable failure;

    Ledger(int partitions) {
        this.partitions = partitions;
    }

    synchronized void join(int member) {
        members.add(member);
    }

    /** What it reads has no reader from now on, and what it says later does not count. */
    synchronized void leave(int member) {
        members.remove(member);
        List<TopicPartition> left = readers.entrySet().stream().filter(reader -> reader.getValue() == member)
                .map(Map.Entry::getKey).toList();
        left.forEach(this::pause);
        notifyAll();
    }

    synchronized void assigned(int member, Collection<TopicPartition> assigned) {
        if (!members.contains(member)) {
            return;
        }
        long nowNanos = System.nanoTime();
        for (TopicPartition partition : assigned) {
            Integer other = readers.put(partition, member);
            if (other != null && other != member) {
                doubles.add(partition + " is read by " + other + " and " + member);
            }
            Long sinceNanos = pausedSinceNanos.remove(partition);
            if (sinceNanos != null) {
                longestPauseNanos = Math.max(longestPauseNanos, nowNanos - sinceNanos);
            }
        }
        notifyAll();
    }

    synchronized void revoked(int member, Collection<TopicPartition> revoked) {
        if (!members.contains(member)) {
            return;
        }
        for (TopicPartition partition : revoked) {
            letGo.add(partition);
            pause(partition);
        }
    }

    private void pause(TopicPartition partition) {
        readers.remove(partition);
        pausedSinceNanos.putIfAbsent(partition, System.nanoTime());
    }

    synchronized void failed(Throwable why) {
        failure = why;
        notifyAll();
    }

    /** What is said from now on is counted against what holds now. */
    synchronized void beginChange() {
        readersBefore = Map.copyOf(readers);
        letGo.clear();
        longestPauseNanos = 0;
    }

    /** Waits until every partition has a reader and no member has two partitions more than another. */
    synchronized void awaitSettled(Duration timeout) throws InterruptedException, TimeoutException {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (!isSettled()) {
            if (failure != null) {
                throw new IllegalStateException("a consumer failed", failure);
            }
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            if (leftMs <= 0) {
                throw new TimeoutException("not settled within " + timeout + ": of " + partitions + " partitions "
                        + readers.size() + " are read by " + members.size() + " members, in shares of " + shares());
            }
            wait(leftMs);
        }
    }

    private boolean isSettled() {
        Collection<Long> shares = shares().values();
        return readers.size() == partitions && shares.size() == members.size()
                && shares.stream().mapToLong(Long::longValue).max().orElse(0)
                        - shares.stream().mapToLong(Long::longValue).min().orElse(0) <= 1;
    }

    private Map<Integer, Long> shares() {
        return readers.values().stream().collect(Collectors.groupingBy(member -> member, Collectors.counting()));
    }

    /** Since {@link #beginChange}. */
    synchronized Change change(Duration settled) {
        int moved = 0;
        int regained = 0;
        for (Map.Entry<TopicPartition, Integer> before : readersBefore.entrySet()) {
            Integer reader = before.getValue();
            if (!members.contains(reader)) {
                continue;
            }
            if (!reader.equals(readers.get(before.getKey()))) {
                moved++;
            } else if (letGo.contains(before.getKey())) {
                regained++;
            }
        }
        return new Change(settled, moved, mustMove(), regained, Duration.ofNanos(longestPauseNanos));
    }

    /** What the members that stayed have beyond their shares, if those that had most have the larger ones. */
    private int mustMove() {
        List<Long> before = readersBefore.values().stream().filter(members::contains)
                .collect(Collectors.groupingBy(member -> member, Collectors.counting())).values().stream()
                .sorted(Comparator.reverseOrder()).toList();
        long share = partitions / members.size();
        long larger = partitions % members.size();
        long surplus = 0;
        for (int rank = 0; rank < before.size(); rank++) {
            surplus += Math.max(0, before.get(rank) - (rank < larger ? share + 1 : share));
        }
        return Math.toIntExact(surplus);
    }

    /** Partitions that two members read at once, in words. */
    synchronized List<String> doubles() {
        return List.copyOf(doubles);
    }

    synchronized int share(int member) {
        return Math.toIntExact(shares().getOrDefault(member, 0L));
    }
}
