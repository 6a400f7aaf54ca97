package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.DecompressionBuffers;
import io.millrace.broker.log.KeyLimits;
import io.millrace.broker.log.KeyMemory;
import io.millrace.broker.log.LogOpening;
import io.millrace.broker.log.LogSettings;
import io.millrace.broker.log.MemoryLogStore;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.replication.LeaderReplica;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class LedReplicaTest {
    private final List<Errors> outcomes = new ArrayList<>();

    @Test
    void who_handed_its_waits_over_touches_them_no_more() throws IOException {
        PartitionLog log = PartitionLog.open(new MemoryLogStore(), TopicConfig.DEFAULT, new LogSettings(
                new DecompressionBuffers(), 86_400_000, new KeyLimits(660_000, 1000, new KeyMemory(1 << 27, 1)),
                _ -> {}),
                LogOpening.UNKNOWN, 0);
        LedReplica former = led(log, 1, new CommitWaits());
        assertThat(former.await(new Noted(1, 100))).isTrue();

        LedReplica present = led(log, 2, former.handOver());

        assertThat(former.expire(200)).isNull();
        assertThat(former.abandonWaits()).isNull();
        assertThat(outcomes).isEmpty();
        present.begun();
        LedReplica.Progress expired = present.expire(200);
        assertThat(expired).isNotNull();
        expired.tell();
        assertThat(outcomes).containsExactly(Errors.REQUEST_TIMED_OUT);
    }

    private static LedReplica led(PartitionLog log, int leaderEpoch, CommitWaits waits) {
        LeaderReplica replica = new LeaderReplica(new Uuid(7, 7), 1, new PartitionImage(0, List.of(1, 2), List.of(1,
                2), 1, leaderEpoch, leaderEpoch), Map.of(), new LeaderReplica.Limits(1, 1_000),
                new LeaderReplica.LogEnds(0, 0), 0);
        return new LedReplica(log, replica, waits);
    }

    private final class Noted extends CommitWait {
        Noted(long endOffset, long deadlineNanos) {
            super(endOffset, deadlineNanos);
        }

        @Override
        protected void ended(Errors outcome) {
            outcomes.add(outcome);
        }
    }
}
