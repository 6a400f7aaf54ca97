package io.millrace.gateway.v3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What all resources have in common. */
final class V3Bodies {
    private V3Bodies() {}

    @Schema(name = "V3ResourceMetadata")
    record Metadata(
            @Schema(example = "http://localhost:8080/v3/clusters/7fMZc2JYTxGzXcoVbxkWOA") String self,
            @JsonProperty("resource_name") @Schema(example = "crn:///kafka=7fMZc2JYTxGzXcoVbxkWOA") String resourceName) {}

    @Schema(name = "V3ListMetadata")
    record ListMetadata(
            @Schema(example = "http://localhost:8080/v3/clusters") String self,
            @Schema(description = "Always null: a list is whole") @Nullable String next) {}

    @Schema(name = "V3Relationship")
    record Related(String related) {}

    /** @param kind the elements' kind and {@code List} */
    record Listing<T>(String kind, ListMetadata metadata, List<T> data) {}
}
