package io.millrace.offset;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Entry point of the offset service. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class OffsetService {
    public static void main(String[] args) {
        SpringApplication.run(OffsetService.class, args);
    }
}
