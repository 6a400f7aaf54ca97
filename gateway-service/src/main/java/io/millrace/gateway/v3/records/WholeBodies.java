package io.millrace.gateway.v3.records;

import io.millrace.gateway.edge.BodyBuffer;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.edge.GatewayProperties;
import io.millrace.gateway.produce.ProduceProperties;
import io.millrace.gateway.produce.RequestBody;
import io.millrace.gateway.v3.records.RecordStream.GroupMemory;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import org.springframework.stereotype.Component;

/** Takes bodies whole, within the memory and limits that hold for those of the other dialects. */
@Component
class WholeBodies {
    private final BodyMemory memory;
    private final int maxBytes;
    private final int maxRecords;

    WholeBodies(BodyMemory memory, GatewayProperties gateway, ProduceProperties produce) {
        this.memory = memory;
        this.maxBytes = (int) gateway.maxBodySize().toBytes();
        this.maxRecords = produce.maxRecords();
    }

    /** Of what is made of one body, which is held as long as the body is. */
    GroupMemory of(BodyBuffer body) {
        return new GroupMemory() {
            @Override
            public boolean tryReserve(long moreBytes) {
                body.reserve(moreBytes);
                return true;
            }

            @Override
            public void reserve(long moreBytes) {
                body.reserve(moreBytes);
            }

            @Override
            public void groupEnds() {
                // The next is not another's: there is one.
            }
        };
    }

    /** Of one body. */
    int maxRecords() {
        return maxRecords;
    }

    /** To be closed when nothing refers to it any more. Refused with {@code BODY_TOO_LARGE} or {@code QUEUE_FULL}. */
    BodyBuffer read(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean isCompressed = RequestBody.isCompressed(request, response);
        var body = new BodyBuffer(memory);
        boolean isRead = false;
        try (InputStream in = RequestBody.open(request, isCompressed)) {
            body.read(in, isCompressed ? -1 : request.getContentLengthLong(), maxBytes);
            isRead = true;
            return body;
        } finally {
            if (!isRead) {
                body.close();
            }
        }
    }
}
