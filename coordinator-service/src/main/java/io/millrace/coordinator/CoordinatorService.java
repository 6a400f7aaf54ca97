package io.millrace.coordinator;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Entry point of the coordinator service. */
@SpringBootApplication
public class CoordinatorService {
    public static void main(String[] args) {
        SpringApplication.run(CoordinatorService.class, args);
    }
}
