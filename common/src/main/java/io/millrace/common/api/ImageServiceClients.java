package io.millrace.common.api;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.LeaseImage;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClientException;

/**
 * Finds services by the cluster image. A call that was certainly not carried out (nobody there, nobody listens, or the one asked is not in
 * charge any more) is tried again where the newest image says, for a bounded time. So is one whose outcome is unknown if it is
 * {@link Repeatable}: the connection broke, or an image that names another came before the answer (for one that is not repeatable, some
 * time before it); any other failure goes to the caller. That a service which still is in charge does not answer in time is told at once: the time was long enough.
 */
public final class ImageServiceClients implements ServiceClients, AutoCloseable {
    private final ClusterImages images;
    private final ClientSettings settings;
    private final HttpProxies proxies;
    private final CallsUnderWay underWay;
    private final TopicsApi topics;
    private final ClusterApi cluster;
    private final ProducerIdsApi producerIds;
    private final OffsetsApi offsets;

    public ImageServiceClients(ClusterImages images, ClientSettings settings) {
        this.images = images;
        this.settings = settings;
        this.proxies = new HttpProxies(settings);
        this.underWay = new CallsUnderWay(images, settings.retryBackoff());
        this.topics = routed(TopicsApi.class, new Route("controller", ErrorCode.CONTROLLER_UNAVAILABLE,
                ImageServiceClients::controller));
        this.cluster = routed(ClusterApi.class, new Route("controller", ErrorCode.CONTROLLER_UNAVAILABLE,
                ImageServiceClients::controller));
        this.producerIds = routed(
                ProducerIdsApi.class, new Route("controller", ErrorCode.CONTROLLER_UNAVAILABLE,
                        ImageServiceClients::controller));
        var offsetServiceUrls = settings.offsetServiceUrls().stream().map(url -> url.toString().replaceAll("/+$", ""))
                .toList();
        this.offsets = routed(OffsetsApi.class, new Route("offset service", ErrorCode.UNAVAILABLE,
                _ -> offsetServiceUrls));
    }

    @Override
    public TopicsApi topics() {
        return topics;
    }

    @Override
    public ClusterApi cluster() {
        return cluster;
    }

    @Override
    public ProducerIdsApi producerIds() {
        return producerIds;
    }

    @Override
    public InstancesApi instances(String group) {
        return routed(InstancesApi.class, coordinatorOf(group));
    }

    @Override
    public GroupsApi groups(String group) {
        return routed(GroupsApi.class, coordinatorOf(group));
    }

    @Override
    public List<GroupsApi> allGroups() {
        var image = images.current();
        return IntStream.range(0, ClusterImage.GROUP_SHARDS)
                .mapToObj(shard -> image.leases().get(ClusterImage.shardLease(shard)))
                .filter(Objects::nonNull)
                .map(LeaseImage::baseUrl)
                .distinct()
                .map(baseUrl -> routed(GroupsApi.class,
                        new Route("group coordinator", ErrorCode.COORDINATOR_UNAVAILABLE, _ -> List.of(baseUrl))))
                .toList();
    }

    @Override
    public OffsetsApi offsets() {
        return offsets;
    }

    @Override
    public void close() {
        underWay.close();
        proxies.close();
    }

    /** @param baseUrls those that an image names for the role, to be tried in turn */
    private record Route(String role, ErrorCode absent, Function<ClusterImage, List<String>> baseUrls) {}

    private static List<String> controller(ClusterImage image) {
        return holder(image.controller());
    }

    private static Route coordinatorOf(String group) {
        return new Route("group coordinator", ErrorCode.COORDINATOR_UNAVAILABLE, image -> holder(image.coordinator(
                group)));
    }

    private static List<String> holder(@Nullable LeaseImage lease) {
        return lease == null ? List.of() : List.of(lease.baseUrl());
    }

    private <T> T routed(Class<T> api, Route route) {
        InvocationHandler handler = (proxy, method, arguments) -> method.getDeclaringClass() == Object.class
                ? objectMethod(api, proxy, method, arguments)
                : call(api, route, method, arguments);
        return api.cast(Proxy.newProxyInstance(api.getClassLoader(), new Class<?>[]{api}, handler));
    }

    private static Object objectMethod(Class<?> api, Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "client of " + api.getSimpleName();
        };
    }

    private @Nullable Object call(Class<?> api, Route route, Method method, Object @Nullable [] arguments)
            throws Throwable {
        long deadlineNanos = System.nanoTime() + settings.retryTimeout().toNanos();
        var grace = method.isAnnotationPresent(Repeatable.class) ? Duration.ZERO : settings.replacedGrace();
        while (true) {
            var image = images.current();
            var refusal = new RefusedException(route.absent, "There is no " + route.role + " at present");
            for (String baseUrl : route.baseUrls.apply(image)) {
                var call = underWay.begin(baseUrl, route.baseUrls, grace);
                Throwable failure;
                boolean replaced;
                try {
                    return method.invoke(proxies.proxy(api, baseUrl), arguments);
                } catch (InvocationTargetException e) {
                    failure = e.getCause();
                } finally {
                    replaced = underWay.end(call);
                }
                refusal = replaced && failure instanceof ResourceAccessException ? ifRepeatable(method,
                        new RefusedException(ErrorCode.UNAVAILABLE, "The " + route.role + " at " + baseUrl
                                + " was replaced before it answered", failure))
                        : refusalToRetry(route, baseUrl, failure, method);
            }
            awaitNewerImage(image, deadlineNanos, refusal);
        }
    }

    private static RefusedException ifRepeatable(Method method, RefusedException refusal) {
        if (method.isAnnotationPresent(Repeatable.class)) {
            return refusal;
        }
        throw refusal;
    }

    /** What to tell the caller if no retry helps. Throws if the call may have been carried out, or would be refused again. */
    private static RefusedException refusalToRetry(Route route, String baseUrl, Throwable failure, Method method)
            throws Throwable {
        return switch (failure) {
            case RefusedException refused when refused.code() == ErrorCode.NOT_CONTROLLER
                    || refused.code() == ErrorCode.NOT_COORDINATOR -> refused;
            case RefusedException refused -> throw refused;
            case ResourceAccessException access when neverArrived(access.getCause()) -> new RefusedException(
                    route.absent, "The " + route.role + " at " + baseUrl + " does not accept connections", access);
            case ResourceAccessException access when access.getCause() instanceof HttpTimeoutException ->
                throw new RefusedException(
                        ErrorCode.TIMED_OUT, "The " + route.role + " at " + baseUrl + " did not answer in time",
                        access);
            case ResourceAccessException access -> ifRepeatable(method, new RefusedException(
                    ErrorCode.UNAVAILABLE, "The connection to the " + route.role + " at " + baseUrl + " broke",
                    access));
            case RestClientException client -> throw new RefusedException(
                    ErrorCode.UNAVAILABLE, "The " + route.role + " at " + baseUrl + " gave no answer that can be read",
                    client);
            default -> throw failure;
        };
    }

    private static boolean neverArrived(@Nullable Throwable cause) {
        return cause instanceof ConnectException
                || cause instanceof HttpConnectTimeoutException
                || cause instanceof UnresolvedAddressException;
    }

    private void awaitNewerImage(ClusterImage seen, long deadlineNanos, RefusedException refusal) {
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
            throw refusal;
        }
        try {
            images.awaitVersion(seen.version() + 1, Duration.ofNanos(Math.min(leftNanos, settings.retryBackoff()
                    .toNanos())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refusal;
        }
    }
}
