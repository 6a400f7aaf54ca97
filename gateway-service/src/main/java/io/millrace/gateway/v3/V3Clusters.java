package io.millrace.gateway.v3;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Comparator;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/** The one cluster that this gateway knows. */
@Component
public class V3Clusters {
    private final ClusterImages images;

    V3Clusters(ClusterImages images) {
        this.images = images;
    }

    ClusterImage image() {
        return images.current();
    }

    /** Links within the cluster; refused if it is another. */
    public V3Links require(String clusterId, HttpServletRequest request) {
        if (!clusterId.equals(image().clusterId())) {
            throw new RefusedException(ErrorCode.NOT_FOUND, "Cluster " + clusterId + " cannot be found.");
        }
        return new V3Links(clusterId, request);
    }

    V3Links links(HttpServletRequest request) {
        return new V3Links(image().clusterId(), request);
    }

    /** By name. */
    Stream<TopicImage> topics() {
        return image().topicsByName().values().stream().sorted(Comparator.comparing(TopicImage::name));
    }

    static RefusedException notFound(String what) {
        return new RefusedException(ErrorCode.NOT_FOUND, what + " cannot be found.");
    }
}
