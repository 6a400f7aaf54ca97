package io.millrace.gateway.produce;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Producing as an operation among the others: documented, with CORS, and for every path that {@link ProduceFastPath} leaves alone. */
@RestController
class ProduceController implements ProduceOperations {
    private final ProduceHandler handler;

    ProduceController(ProduceHandler handler) {
        this.handler = handler;
    }

    @Override
    @PostMapping("/topics/{topic}")
    public void produce(@PathVariable("topic") String topic, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        handler.produce(topic, request, response);
    }

    @Override
    @PostMapping("/topics/{topic}/partitions/{partition}")
    public void produceToPartition(@PathVariable("topic") String topic, @PathVariable("partition") int partition,
            HttpServletRequest request,
            HttpServletResponse response) throws IOException, InterruptedException {
        handler.produceToPartition(topic, partition, request, response);
    }
}
