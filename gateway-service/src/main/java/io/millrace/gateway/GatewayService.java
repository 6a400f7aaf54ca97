package io.millrace.gateway;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.webmvc.autoconfigure.WebMvcObservationAutoConfiguration;

/**
 * Entry point of the gateway service. Spring's observation of each request is left out: it costs more than the request's own work on the hot
 * path; what matters has meters of its own.
 */
@SpringBootApplication(exclude = WebMvcObservationAutoConfiguration.class)
@ConfigurationPropertiesScan
public class GatewayService {
    public static void main(String[] args) {
        SpringApplication.run(GatewayService.class, args);
    }
}
