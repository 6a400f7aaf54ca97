package io.millrace.gateway.v3;

import io.millrace.gateway.edge.ClientAddress;
import io.millrace.gateway.v3.V3Bodies.ListMetadata;
import io.millrace.gateway.v3.V3Bodies.Metadata;
import io.millrace.gateway.v3.V3Bodies.Related;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Addresses of a cluster's resources, as the client reached this gateway, and their names. */
public final class V3Links {
    private final String clusterId;
    private final String clusters;
    private final String cluster;

    V3Links(String clusterId, HttpServletRequest request) {
        this.clusterId = clusterId;
        this.clusters = ClientAddress.origin(request) + ClientAddress.prefix(request) + V3ErrorBodies.PREFIX;
        this.cluster = clusters + "/" + encoded(clusterId);
    }

    public String clusterId() {
        return clusterId;
    }

    /** The list of clusters. */
    String clusters() {
        return clusters;
    }

    /** @param segments of the path below the cluster */
    String to(Object... segments) {
        return cluster + Arrays.stream(segments).map(segment -> "/" + encoded(segment)).collect(Collectors.joining());
    }

    Related related(Object... segments) {
        return new Related(to(segments));
    }

    ListMetadata list(Object... segments) {
        return new ListMetadata(to(segments), null);
    }

    /**
     * @param self of the resource
     * @param name kinds and names in turn, below the cluster; a last kind may have none
     */
    Metadata metadata(String self, Object... name) {
        var crn = new StringBuilder("crn:///kafka=").append(encoded(clusterId));
        for (int i = 0; i < name.length; i++) {
            crn.append(i % 2 == 0 ? '/' : '=').append(encoded(name[i]));
        }
        return new Metadata(self, crn.toString());
    }

    private static String encoded(Object segment) {
        return ClientAddress.segment(String.valueOf(segment));
    }
}
