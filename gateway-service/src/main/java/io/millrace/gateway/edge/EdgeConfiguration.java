package io.millrace.gateway.edge;

import java.util.ArrayList;
import java.util.List;
import org.apache.catalina.core.StandardHost;
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
import tools.jackson.databind.json.JsonMapper;

/** The edge's rules for Spring MVC and Tomcat. */
@Configuration(proxyBeanMethods = false)
class EdgeConfiguration implements WebMvcConfigurer {
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

    @Bean
    FilterRegistrationBean<BodyLimitFilter> bodyLimitFilter(List<StreamedBodies> streamed) {
        var registration = new FilterRegistrationBean<>(new BodyLimitFilter(properties.maxBodySize().toBytes(),
                streamed));
        registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
        return registration;
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
