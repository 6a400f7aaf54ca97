package io.millrace.coordinator.controller;

import io.millrace.common.incarnation.PostgresLogReports;
import io.millrace.common.incarnation.RecoveryElection;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.Incarnation;
import io.millrace.common.metadata.Knowledge;
import io.millrace.common.metadata.TopicsSeen;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Standing;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * While this coordinator is the controller: finds out, whenever PostgreSQL was started anew, whether it has lost something, and leads the
 * cluster on if so (docs/spec, R14 to R17).
 *
 * <pre>
 *             started anew                    all brokers that should run have presented what
 *   trusted ---------------> in doubt ------- they know, or had one TTL to: nothing is missing ------> trusted
 *      |                        |
 *      |  a process knows more  | something is, or the server's timeline is another
 *      +------------------------+--> new incarnation: topics are as the one that knows most has seen them, nobody leads,
 *                                    brokers report their logs ---> elections by the reports
 * </pre>
 */
@Component
class MetadataRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(MetadataRecovery.class);

    private final ControllerRole role;
    private final RecoveryStore store;
    private final PartitionTable partitions;
    private final PostgresLogReports reports;
    private final ClusterImages images;
    private final Duration grace;

    MetadataRecovery(ControllerRole role, RecoveryStore store, PartitionTable partitions, JdbcClient sql,
            ClusterImages images, ControllerSettings settings, LeaseSettings leases) {
        this.role = role;
        this.store = store;
        this.partitions = partitions;
        this.reports = new PostgresLogReports(sql);
        this.images = images;
        this.grace = leases.ttl();
        role.add(new DutyLoop("metadata-recovery", "look after the metadata", settings.watchInterval(), Duration.ZERO,
                () -> {
                    var doubt = new Since();
                    var leaderless = new Since();
                    return () -> step(doubt, leaderless);
                }));
    }

    /** Since when this controller has waited for brokers. */
    private static final class Since {
        private long sinceNanos;
        private boolean open;

        boolean lastsFor(Duration time) {
            if (!open) {
                open = true;
                sinceNanos = System.nanoTime();
            }
            return System.nanoTime() - sinceNanos >= time.toNanos();
        }

        void end() {
            open = false;
        }
    }

    private void step(Since doubt, Since leaderless) {
        var standing = store.standing(images.knowledge());
        if (standing.trusted()) {
            doubt.end();
            if (standing.leaderless()) {
                elect(!leaderless.lastsFor(grace));
            } else {
                leaderless.end();
            }
            return;
        }
        // Meanwhile partitions are led as before. Whoever comes may have seen what this process has not.
        boolean heardAll = doubt.lastsFor(grace) || standing.unpresented() == 0 && standing.complete();
        if (!heardAll) {
            return;
        }
        if (standing.wentBack() || store.contradicts(images.knowledge())) {
            beginIncarnation();
            leaderless.end();
        } else {
            role.writeInDoubt(version -> {
                store.trust();
                return version;
            });
            LOG.info("PostgreSQL was started anew, and has all that the brokers know of");
        }
    }

    private void beginIncarnation() {
        role.writeInDoubt(_ -> {
            var knowledge = images.knowledge();
            if (store.standing(knowledge).trusted()) {
                return null;
            }
            var seen = seen(knowledge);
            boolean served = store.served();
            var begun = store.begin(knowledge);
            store.forget();
            if (seen != null) {
                store.restore(seen, served, begun.version());
            }
            store.wantWhatIsOnItsWay();
            int suspended = store.suspendPartitions(begun, Incarnation.firstLeaderEpoch(begun.incarnation()));
            store.raiseCounters(begun);
            LOG.warn(
                    "PostgreSQL went back to an older state. Incarnation {} of the metadata begins: the leaders of {} partitions are"
                            + " elected by what the brokers' logs have{}", begun.incarnation(), suspended, seen != null
                                    ? served
                                            ? ", and topics that were lost are brought back"
                                            : ", and topics are as they were last seen"
                                    : "");
            return null;
        });
    }

    /** The topics of the latest image that anybody has seen, here or elsewhere; null if nobody has seen more than PostgreSQL has. */
    private @Nullable String seen(Knowledge knowledge) {
        boolean sawMore = store.contradicts(knowledge);
        var told = store.told();
        if (told != null && (!sawMore || told.isLaterThan(knowledge))) {
            return told.topics();
        }
        return sawMore ? TopicsSeen.in(images.current()) : null;
    }

    private void elect(boolean patient) {
        if (elections(patient).isEmpty()) {
            return;
        }
        role.write(version -> {
            var elected = elections(patient);
            partitions.update(elected, version);
            LOG.info("Elected the leaders of {} partitions by the logs of their replicas", elected.size());
            return version;
        });
    }

    /** @param patient whether to wait for all replicas that run: a quorum is enough, but with the last leader nobody's log is cut */
    private List<Transition> elections(boolean patient) {
        var reported = reports.ofLeaderless();
        if (reported.isEmpty()) {
            return List.of();
        }
        var brokers = partitions.standings();
        return partitions.named(reported.keySet()).values().stream()
                .filter(row -> !patient || reported.get(row.key()).keySet().containsAll(row.partition().replicas()
                        .stream().filter(id -> runs(brokers.get(id))).toList()))
                .map(row -> row.to(RecoveryElection.elect(row.partition(), reported.get(row.key()), id -> runs(brokers
                        .get(id)) && !brokers.get(id).tailLost(), row.terms())))
                .filter(Transition::isChange)
                .toList();
    }

    private static boolean runs(@Nullable Standing broker) {
        return broker != null && !broker.fenced();
    }
}
