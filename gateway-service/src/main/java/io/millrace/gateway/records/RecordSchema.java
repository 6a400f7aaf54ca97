package io.millrace.gateway.records;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** For the OpenAPI document alone: records are written from their bytes. */
@Schema(name = "Record")
public record RecordSchema(
        @Schema(example = "orders") String topic,
        int partition,
        long offset,
        @Schema(description = "Milliseconds since 1970") long timestamp,
        @Nullable Object key,
        @Nullable Object value,
        @Schema(description = "Present only if there are any; values are base64") @Nullable List<Header> headers) {

    @Schema(name = "ReadHeader")
    record Header(String key, @Schema(example = "d2Vi") @Nullable String value) {}
}
