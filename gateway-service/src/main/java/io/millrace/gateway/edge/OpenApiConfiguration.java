package io.millrace.gateway.edge;

import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.servers.Server;
import io.swagger.v3.oas.models.tags.Tag;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The OpenAPI document's head. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {
    private static final String DESCRIPTION = """
            An ordered, partitioned, replayable event log over HTTP. Every operation has an example that works when tried in this order: \
            create the topic `orders`, produce to it, read it by offset or as server-sent events; create the consumer `c1` in the group \
            `shipping`, subscribe it, poll, commit, delete it; reset and delete the group, and delete the topic.

            Paths, bodies and media types are those of the Kafka REST v2 dialect as the Strimzi bridge speaks it. Plain `application/json` \
            is taken everywhere. Every error is `{"error_code", "message"}`; 503 comes with `Retry-After`. Below `/v3` is the dialect of \
            Confluent's REST Proxy v3, with its resources, links and codes.
            """;

    @Bean
    OpenAPI openApi() {
        return new OpenAPI()
                .info(new Info().title("Millrace").version("v2").description(DESCRIPTION)
                        .license(new License().name("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0")))
                .servers(List.of(new Server().url("/").description("This gateway")))
                .tags(List.of(
                        new Tag().name(ApiText.TOPICS).description("Create, list, describe and delete topics"),
                        new Tag().name(ApiText.RECORDS).description("Produce, and read by offset without a consumer"),
                        new Tag().name(ApiText.EVENTS).description(
                                "Records as server-sent events, resumable at any event"),
                        new Tag().name(ApiText.CONSUMERS).description(
                                "Read in a group, whose members share the partitions"),
                        new Tag().name(ApiText.GROUPS).description("Consumer groups: members, lag, offsets"),
                        new Tag().name(ApiText.CLUSTER).description("Brokers, and which replicas are where"),
                        new Tag().name(ApiText.GATEWAY).description("The gateway itself"),
                        new Tag().name(ApiText.V3_CLUSTERS).description("The Confluent REST v3 dialect: brokers"),
                        new Tag().name(ApiText.V3_TOPICS).description("Topics in the v3 dialect"),
                        new Tag().name(ApiText.V3_CONFIGS).description("Settings of topics in the v3 dialect"),
                        new Tag().name(ApiText.V3_PARTITIONS).description(
                                "Partitions, replicas and moves in the v3 dialect"),
                        new Tag().name(ApiText.V3_RECORDS).description(
                                "Produce in the v3 dialect: one record, a stream of them, or a batch"),
                        new Tag().name(ApiText.V3_GROUPS).description("Consumer groups in the v3 dialect")));
    }
}
