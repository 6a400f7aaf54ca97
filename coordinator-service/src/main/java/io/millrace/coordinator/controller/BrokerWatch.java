package io.millrace.coordinator.controller;

import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Transition;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * While this coordinator is the controller: fences brokers whose lease has run out or that refuse connections, lets those lead that are
 * ready, elects leaders for their partitions, hands over what those lead that are leaving, and gives preferred leaders back what is
 * theirs. Leases are judged by PostgreSQL's clock only. At rest it asks PostgreSQL for the brokers alone, whatever the number of
 * partitions: what the partitions need is seen in the image, and decided on the rows.
 */
@Component
@EnableConfigurationProperties({ControllerSettings.class, TopicSettings.class})
class BrokerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerWatch.class);
    private static final Duration PRUNE_INTERVAL = Duration.ofMinutes(1);

    private final ControllerRole role;
    private final BrokerStore brokers;
    private final PartitionTable partitions;
    private final TopicStore topics;
    private final ControllerSettings settings;
    private final ClusterImages images;
    private final BrokerPresence presence;
    private final Duration grace;

    BrokerWatch(
            ControllerRole role,
            BrokerStore brokers,
            PartitionTable partitions,
            TopicStore topics,
            ControllerSettings settings,
            LeaseSettings leases,
            ClusterImages images,
            BrokerPresence presence) {
        this.role = role;
        this.brokers = brokers;
        this.partitions = partitions;
        this.topics = topics;
        this.settings = settings;
        this.images = images;
        this.presence = presence;
        this.grace = leases.ttl();
        var loop = new DutyLoop("broker-watch", "look after the brokers", settings.watchInterval(), Duration.ZERO,
                () -> new Term()::look);
        role.add(loop);
        images.subscribe((_, _) -> loop.wake());
        presence.onChange(loop::wake);
    }

    /** What is remembered from one look to the next. */
    private final class Term {
        private final PartitionLook partitionLook = new PartitionLook();
        private final PreferredLeaders preferred = new PreferredLeaders(settings.preferredLeaderDelay(), settings
                .preferredLeaderInterval(), settings.preferredLeadersAtOnce());
        private long failedNanos = System.nanoTime() - grace.toNanos();
        private long prunedNanos = System.nanoTime();

        /**
         * After PostgreSQL was away, from here or for all, brokers get one TTL to renew their leases before their silence counts: they serve
         * on without PostgreSQL, and fencing them all as it comes back would be the very outage that they avoided.
         */
        void look() {
            try {
                boolean trustSilence = System.nanoTime() - failedNanos >= grace.toNanos()
                        && images.answeredFor().compareTo(grace) >= 0;
                step(trustSilence, partitionLook, preferred);
                if (System.nanoTime() - prunedNanos >= PRUNE_INTERVAL.toNanos()) {
                    topics.pruneDeletions(settings.deletedTopicRetention().toMillis() / 1000.0);
                    prunedNanos = System.nanoTime();
                }
            } catch (RuntimeException e) {
                // PostgreSQL answers when it refuses: brokers can renew their leases.
                failedNanos = e instanceof RefusedException ? failedNanos : System.nanoTime();
                throw e;
            }
        }
    }

    private void step(boolean trustSilence, PartitionLook look, PreferredLeaders preferred) {
        var seen = BrokerTransitions.of(brokers.brokers(), presence.refusing(), trustSilence);
        var image = images.current();
        var unsettled = look.unsettled(image, seen);
        if (!seen.isEmpty() || !unsettled.isEmpty()) {
            change(trustSilence, unsettled);
            return;
        }
        var due = preferred.due(image, seen.standings(), System.nanoTime());
        if (!due.isEmpty()) {
            restore(due);
        }
    }

    private void change(boolean trustSilence, Collection<Key> unsettled) {
        long startedNanos = System.nanoTime();
        role.write(version -> {
            // Read again: nobody else writes metadata now.
            var transitions = BrokerTransitions.of(brokers.brokers(), presence.refusing(), trustSilence);
            var rows = new HashMap<>(partitions.named(unsettled));
            for (var row : partitions.touchedBy(transitions.affected())) {
                rows.put(row.key(), row);
            }
            var changes = rows.values().stream()
                    .map(row -> row.to(PartitionRules.brokersChanged(row.partition(), transitions.standings(),
                            transitions.ended(), row.terms())))
                    .filter(Transition::isChange)
                    .toList();
            brokers.fence(transitions.fence(), version);
            brokers.unfence(transitions.unfence(), version);
            brokers.settleLostTails(transitions.lostTails(), version);
            partitions.update(changes, version);
            if (!transitions.isEmpty() || !changes.isEmpty()) {
                LOG.info("Fenced brokers {}, unfenced {}, lost tails of {}; changed {} partitions in {} ms",
                        transitions.fence(), transitions.unfence(), transitions.lostTails(), changes.size(),
                        Duration.ofNanos(System.nanoTime() - startedNanos).toMillis());
            }
            return version;
        });
    }

    private void restore(Collection<Key> due) {
        role.write(version -> {
            var standings = partitions.standings();
            var changes = partitions.named(due).values().stream()
                    .map(row -> row.to(PartitionRules.restorePreferredLeader(row.partition(), standings)))
                    .filter(Transition::isChange)
                    .toList();
            partitions.update(changes, version);
            LOG.info("Gave {} partitions their preferred leaders back", changes.size());
            return version;
        });
    }
}
