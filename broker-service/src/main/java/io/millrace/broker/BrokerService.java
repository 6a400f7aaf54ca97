package io.millrace.broker;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Entry point of the broker service. */
@SpringBootApplication
public class BrokerService {
    public static void main(String[] args) {
        SpringApplication.run(BrokerService.class, args);
    }
}
