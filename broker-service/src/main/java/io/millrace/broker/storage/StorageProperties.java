package io.millrace.broker.storage;

import io.millrace.broker.log.KeyLimits;
import io.millrace.broker.log.KeyMemory;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Where and how a broker keeps its logs. Everything about a single topic is in its topic settings.
 *
 * @param directory            of this broker alone; made when it is not there
 * @param recoveryThreads      logs opened at once when the broker starts
 * @param flushThreads         fsyncs at once; more wait their turn, one per partition at most
 * @param flushCheckInterval   how often {@code flush.ms} is looked at and sealed segments are flushed
 * @param checkpointInterval   how often high watermarks, recovery points and log starts are written down
 * @param retentionInterval    how often retention runs and deleted files are removed
 * @param producerIdExpiration an idempotent producer that wrote nothing for so long is forgotten
 * @param departedRetention    how long the data of partitions is kept that the metadata has lost ({@code -stray}), and the note of replicas that
 *                             went to other brokers; 0 is for ever. Longer than it takes to notice that a PostgreSQL which was restored
 *                             from a backup lacks topics, and than its backups are old
 * @param idempotencyKeys      how produce requests that are sent again are recognised
 */
@Validated
@ConfigurationProperties(prefix = "millrace.storage", ignoreUnknownFields = false)
public record StorageProperties(
        @NotNull @DefaultValue("data/broker") Path directory,
        @DefaultValue("4") @Min(1) @Max(64) int recoveryThreads,
        @DefaultValue("2") @Min(1) @Max(64) int flushThreads,
        @NotNull @DefaultValue("1s") Duration flushCheckInterval,
        @NotNull @DefaultValue("5s") Duration checkpointInterval,
        @NotNull @DefaultValue("30s") Duration retentionInterval,
        @NotNull @DefaultValue("1d") Duration producerIdExpiration,
        @NotNull @DefaultValue("30d") Duration departedRetention,
        @Valid @NotNull @DefaultValue IdempotencyKeys idempotencyKeys) {

    /**
     * @param window          a request with the same key is recognised for so long
     * @param clockSlack      keys are remembered for so much longer, since gateways' and brokers' clocks differ
     * @param maxPerPartition a partition takes no further key (503 over HTTP) while it remembers so many; each costs 40 to 80 bytes on
     *                        every replica
     * @param memory          the same, when a broker's partitions together need so much for their keys
     */
    public record IdempotencyKeys(
            @NotNull @DefaultValue("10m") Duration window,
            @NotNull @DefaultValue("1m") Duration clockSlack,
            @DefaultValue("1000000") @Min(1) @Max(100_000_000) int maxPerPartition,
            @NotNull @DefaultValue("128MB") DataSize memory) {

        KeyLimits limits() {
            return new KeyLimits(window.plus(clockSlack).toMillis(), maxPerPartition, new KeyMemory(memory
                    .toBytes(), new SecureRandom().nextLong()));
        }
    }
}
