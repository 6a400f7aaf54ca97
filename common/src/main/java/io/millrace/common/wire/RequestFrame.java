package io.millrace.common.wire;

import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.RequestHeader;

/** What a frame says. */
record RequestFrame(RequestHeader header, AbstractRequest body) {

    /** @throws RefusedFrameException when it is no request, or none of those that are taken */
    static RequestFrame parse(ByteBuffer frame, SupportedApis apis) {
        try {
            short keyId = frame.getShort(0);
            short version = frame.getShort(Short.BYTES);
            if (!ApiKeys.hasId(keyId)) {
                throw new RefusedFrameException(CloseReason.UNSUPPORTED_REQUEST, "unknown api key " + keyId);
            }
            ApiKeys key = ApiKeys.forId(keyId);
            boolean supported = apis.accepts(key, version);
            if (!supported && key != ApiKeys.API_VERSIONS) {
                throw new RefusedFrameException(CloseReason.UNSUPPORTED_REQUEST, key.name + " version " + version
                        + " is not supported");
            }
            RequestHeader header = RequestHeader.parse(frame);
            // The body of an unknown version cannot be read; its sender is told in version 0 which ones can.
            AbstractRequest body = supported ? AbstractRequest.parseRequest(key, version, new BoundedReadable(
                    frame)).request
                    : new ApiVersionsRequest.Builder((short) 0).build();
            return new RequestFrame(header, body);
        } catch (RefusedFrameException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new RefusedFrameException(CloseReason.MALFORMED_FRAME, "not a request: " + e);
        }
    }
}
