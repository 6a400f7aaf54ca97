package io.millrace.offset;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Entry point of the offset service. */
@SpringBootApplication
public class OffsetService {
    public static void main(String[] args) {
        SpringApplication.run(OffsetService.class, args);
    }
}
