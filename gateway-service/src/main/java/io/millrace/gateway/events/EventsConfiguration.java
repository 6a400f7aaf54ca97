package io.millrace.gateway.events;

import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What streams want of the web server. */
@Configuration(proxyBeanMethods = false)
class EventsConfiguration {
    /** Left alone, the kernel lets the buffer of a reader that does not read grow to megabytes. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> boundedSendBuffers(EventsProperties properties) {
        return factory -> factory.addConnectorCustomizers(connector -> connector.setProperty("socket.txBufSize", String
                .valueOf(properties.sendBuffer().toBytes())));
    }
}
