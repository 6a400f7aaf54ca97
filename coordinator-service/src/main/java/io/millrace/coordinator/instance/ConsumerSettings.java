package io.millrace.coordinator.instance;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits and times of HTTP consumers.
 *
 * @param instanceTimeout      without a call for so long, a consumer is forgotten
 * @param sessionTimeout       without a poll for so long, its partitions go to others, unless it asks for another time; it gets
 *                             partitions again with its next poll
 * @param rebalanceTimeout     how long it may keep partitions that it was told to give up
 * @param autoCommitInterval   how often what it has confirmed is committed, or kept where its client commits
 * @param maxCommitBackoff     longest time between two attempts while commits fail
 * @param maxInstances         consumers of one coordinator; more are refused with 429
 * @param maxAssignedByHand    partitions that one consumer may assign itself; more are refused with 422
 * @param maxRequestTimeout    longest wait of a poll that a consumer may set; more is refused with 422
 * @param requestsWaiting      requests that wait for one consumer; more are refused with 503
 * @param requestPatience      how long such a request waits; then 503
 * @param answerPatience       how long a poll waits to hear whether the answer before it went out; then that is given again
 * @param housekeepingInterval how often consumers are looked through for commits and expiry
 * @param commitsAtOnce        consumers for which that is done at the same time; others wait
 */
@Validated
@ConfigurationProperties(prefix = "millrace.consumer", ignoreUnknownFields = false)
record ConsumerSettings(@NotNull @DefaultValue("5m") Duration instanceTimeout,
        @NotNull @DefaultValue("30s") Duration sessionTimeout, @NotNull @DefaultValue("60s") Duration rebalanceTimeout,
        @NotNull @DefaultValue("5s") Duration autoCommitInterval,
        @NotNull @DefaultValue("30s") Duration maxCommitBackoff, @Min(1) @DefaultValue("10000") int maxInstances,
        @Min(1) @DefaultValue("1000") int maxAssignedByHand, @NotNull @DefaultValue("5m") Duration maxRequestTimeout,
        @Min(1) @DefaultValue("16") int requestsWaiting, @NotNull @DefaultValue("10s") Duration requestPatience,
        @NotNull @DefaultValue("250ms") Duration answerPatience,
        @NotNull @DefaultValue("500ms") Duration housekeepingInterval,
        @Min(1) @DefaultValue("32") int commitsAtOnce) {}
