package io.millrace.broker;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Entry point of the broker service. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class BrokerService {
    public static void main(String[] args) {
        SpringApplication.run(BrokerService.class, args);
    }
}
