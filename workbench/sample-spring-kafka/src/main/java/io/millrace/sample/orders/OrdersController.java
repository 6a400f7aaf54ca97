package io.millrace.sample.orders;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.springframework.http.HttpStatus;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

@RestController
@RequestMapping("/orders")
class OrdersController {
    private final KafkaTemplate<String, Order> kafka;
    private final OrdersProperties properties;
    private final OrderDesk desk;

    OrdersController(KafkaTemplate<String, Order> kafka, OrdersProperties properties, OrderDesk desk) {
        this.kafka = kafka;
        this.properties = properties;
        this.desk = desk;
    }

    /** Where an order is stored. */
    record Stored(int partition, long offset) {}

    /** Answers once the order is stored. */
    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    CompletableFuture<Stored> order(@RequestBody Order order) {
        return kafka.send(properties.topic(), order.customer(), order)
                .thenApply(sent -> new Stored(sent.getRecordMetadata().partition(), sent.getRecordMetadata().offset()));
    }

    /** The orders that the listeners of this process have worked off. */
    @GetMapping
    List<OrderDesk.Done> done() {
        return desk.done();
    }
}
