package io.millrace.sample.orders;

import org.apache.kafka.clients.admin.NewTopic;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.config.TopicBuilder;

/** Run it beside {@code ./millrace up}: {@code java -jar workbench/sample-spring-kafka/target/sample-spring-kafka-*.jar}. */
@SpringBootApplication
@EnableConfigurationProperties(OrdersProperties.class)
public class OrdersApplication {
    public static void main(String[] arguments) {
        SpringApplication.run(OrdersApplication.class, arguments);
    }

    /** Made when the application starts, unless it is there. */
    @Bean
    NewTopic orders(OrdersProperties orders) {
        return TopicBuilder.name(orders.topic()).partitions(orders.partitions()).build();
    }
}
