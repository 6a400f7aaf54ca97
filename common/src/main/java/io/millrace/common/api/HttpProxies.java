package io.millrace.common.api;

import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A client per interface and base URL, over shared connections. Error bodies become {@link RefusedException}s again. */
final class HttpProxies implements AutoCloseable {
    private record Target(Class<?> api, String baseUrl) {}

    /** A service may be newer than its caller: what an answer has more than the caller knows is passed over. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final HttpClient httpClient;
    private final RestClient restClient;
    private final Map<Target, Object> proxies = new ConcurrentHashMap<>();

    HttpProxies(ClientSettings settings) {
        httpClient = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
        var requests = new JdkClientHttpRequestFactory(httpClient);
        requests.setReadTimeout(settings.readTimeout());
        restClient = RestClient.builder()
                .requestFactory(requests)
                .configureMessageConverters(converters -> converters
                        .withJsonConverter(new JacksonJsonHttpMessageConverter(JSON)))
                .defaultStatusHandler(HttpStatusCode::isError, (_, answer) -> {
                    throw refusal(answer);
                })
                .build();
    }

    <T> T proxy(Class<T> api, String baseUrl) {
        return api.cast(proxies.computeIfAbsent(new Target(api, baseUrl), target -> HttpServiceProxyFactory
                .builderFor(RestClientAdapter.create(restClient.mutate().baseUrl(target.baseUrl).build()))
                .build()
                .createClient(target.api)));
    }

    /** @throws ResourceAccessException with a {@link ConnectException}, if the request was certainly not taken */
    private static RefusedException refusal(ClientHttpResponse answer) throws IOException {
        int status = answer.getStatusCode().value();
        byte[] content = answer.getBody().readAllBytes();
        if (status == HttpStatus.SERVICE_UNAVAILABLE.value() && content.length == 0) {
            // What a Tomcat that is stopping says to requests on connections of before, instead of handing them to the service.
            throw new ResourceAccessException("Stopping", new ConnectException("The service takes no more requests"));
        }
        try {
            var body = JSON.readValue(content, ErrorBody.class);
            if (body != null && body.code() != null) {
                return new RefusedException(body.code(), body.message());
            }
        } catch (JacksonException e) {
            // Not one of our error bodies: something between the services answered, or a code that this process is too old to know.
        }
        return new RefusedException(
                status == 503 || status == 502 || status == 504 ? ErrorCode.UNAVAILABLE : ErrorCode.INTERNAL,
                "A service answered with HTTP status " + status);
    }

    @Override
    public void close() {
        httpClient.shutdownNow();
    }
}
