package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class PartitionTailTest {
    @Test
    void a_batch_that_cannot_be_read_is_told_once_however_often_it_is_tried() throws Exception {
        var tries = new CountDownLatch(10);
        var logs = new PartitionLogs() {
            @Override
            public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait) {
                tries.countDown();
                throw new IllegalStateException("the batch is corrupt");
            }

            @Override
            public Found find(SubscribedPartition partition, StartPosition.Lookup lookup) {
                return new Found.Offset(7);
            }
        };
        var partition = new Subscription(List.of(new Subscription.SubscribedTopic("t", new Uuid(1, 1), true, List.of(
                0)))).partitions().getFirst();
        var logger = (Logger) LoggerFactory.getLogger(PartitionTail.class);
        var told = new ListAppender<ILoggingEvent>();
        told.start();
        logger.addAppender(told);
        var tail = new PartitionTail(partition, logs, new EventRendering(), new PartitionTail.Limits(1024, Duration
                .ofMillis(1), Duration.ofMillis(1)));
        try {
            tail.start();
            tries.await();
        } finally {
            tail.stop();
            logger.detachAppender(told);
        }

        assertThat(told.list.stream().filter(event -> event.getLevel() == Level.ERROR
                && event.getFormattedMessage().contains("reading at offset 7 failed"))).hasSize(1);
    }
}
