package io.millrace.gateway.edge;

import java.util.ArrayList;
import java.util.List;
import org.apache.catalina.core.StandardHost;
import org.apache.coyote.UpgradeProtocol;
import org.apache.coyote.http2.Http2Protocol;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.MediaType;
import org.springframework.http.converter.HttpMessageConverters;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import org.springframework.web.accept.ContentNegotiationStrategy;
import org.springframework.web.servlet.config.annotation.ContentNegotiationConfigurer;
import org.springframework.web.servlet.config.annotation.CorsRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.handler.AbstractHandlerMapping;
import tools.jackson.databind.json.JsonMapper;

/** The edge's rules for Spring MVC and Tomcat. */
@Configuration(proxyBeanMethods = false)
class EdgeConfiguration implements WebMvcConfigurer {
    /** Tomcat counts a frame with less as overhead, and closes the connection when there is too much of it. */
    private static final int ANY_PAYLOAD = 0;

    private final GatewayProperties properties;
    private final JsonMapper json;

    EdgeConfiguration(GatewayProperties properties, JsonMapper json) {
        this.properties = properties;
        this.json = json;
    }

    /** A body is JSON whatever its {@code Content-Type} says, or if it says nothing: clients in the wild send all of that. */
    @Override
    public void configureMessageConverters(HttpMessageConverters.ServerBuilder builder) {
        var converter = new JacksonJsonHttpMessageConverter(json);
        List<MediaType> types = new ArrayList<>(converter.getSupportedMediaTypes());
        types.add(MediaType.ALL);
        converter.setSupportedMediaTypes(types);
        builder.withJsonConverter(converter);
    }

    /** {@code Accept} refuses nothing: a handler that offers formats reads it by itself. */
    @Override
    public void configureContentNegotiation(ContentNegotiationConfigurer configurer) {
        configurer.strategies(List.of(_ -> ContentNegotiationStrategy.MEDIA_TYPE_ALL_LIST));
    }

    @Override
    public void addCorsMappings(CorsRegistry registry) {
        GatewayProperties.Cors cors = properties.cors();
        List<String> origins = cors.allowedOrigins().stream().filter(origin -> !origin.isBlank()).toList();
        if (!origins.isEmpty()) {
            registry.addMapping("/**")
                    .allowedOrigins(origins.toArray(String[]::new))
                    .allowedMethods(cors.allowedMethods().toArray(String[]::new))
                    .allowedHeaders(cors.allowedHeaders().toArray(String[]::new))
                    .exposedHeaders(cors.exposedHeaders().toArray(String[]::new))
                    .allowCredentials(cors.allowCredentials())
                    .maxAge(cors.maxAge().toSeconds());
        }
    }

    /** Of every mapping that there is: each has a processor of its own. */
    @Bean
    static BeanPostProcessor corsRefusals() {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessBeforeInitialization(Object bean, String name) {
                if (bean instanceof AbstractHandlerMapping mapping) {
                    mapping.setCorsProcessor(new CorsRefusals());
                }
                return bean;
            }
        };
    }

    @Bean
    FilterRegistrationBean<BodyLimitFilter> bodyLimitFilter(List<StreamedBodies> streamed) {
        var registration = new FilterRegistrationBean<>(new BodyLimitFilter(properties.maxBodySize().toBytes(),
                streamed));
        registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
        return registration;
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> notedConnections() {
        return factory -> factory.addContextValves(new ClientConnection.ConnectionValve());
    }

    /**
     * Each subscriber's stream is a request under way for as long as it lasts: where fewer run at a time than a connection may have open, the
     * next, whatever it asks for, would wait for the end of one. Frames of a few bytes are what streams of lines, and readers of streams of
     * events, send all the time.
     */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> streamsOfHttp2() {
        return factory -> factory.addConnectorCustomizers(connector -> {
            for (UpgradeProtocol protocol : connector.findUpgradeProtocols()) {
                if (protocol instanceof Http2Protocol http2) {
                    http2.setMaxConcurrentStreams(properties.http2Streams());
                    http2.setMaxConcurrentStreamExecution(properties.http2Streams());
                    http2.setOverheadDataThreshold(ANY_PAYLOAD);
                    http2.setOverheadWindowUpdateThreshold(ANY_PAYLOAD);
                }
            }
        });
    }

    /** What Tomcat refuses by itself, such as a malformed request line, is answered as JSON too. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> jsonErrorsFromTomcat() {
        return factory -> factory.addContextCustomizers(context -> {
            if (context.getParent() instanceof StandardHost host) {
                host.setErrorReportValveClass(JsonErrorReportValve.class.getName());
            }
        });
    }
}
