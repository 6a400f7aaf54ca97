package io.millrace.sample.orders;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/** Works orders off. Its offset is committed once the method has returned, so an order may come again after a crash. */
@Component
class OrderDesk {
    private final Queue<Done> done = new ConcurrentLinkedQueue<>();

    /** An order, where it was stored, and the thread that worked it off. */
    record Done(Order order, int partition, long offset, String worker) {}

    @KafkaListener(topics = "${orders.topic:orders-sample}", groupId = "${orders.group:order-desk}", concurrency = "${orders.concurrency:3}")
    void work(ConsumerRecord<String, Order> order) {
        done.add(new Done(order.value(), order.partition(), order.offset(), Thread.currentThread().getName()));
    }

    List<Done> done() {
        return List.copyOf(done);
    }
}
