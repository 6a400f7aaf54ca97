package io.millrace.common.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;

/** Learns what the broker speaks, before anything else is sent (KIP-35, KIP-511). */
final class ClientHandshake {
    private static final String SOFTWARE_VERSION = "1";

    private ClientHandshake() {}

    static ApiVersionRanges negotiate(SocketChannel channel, FrameReader reader, String clientId, String softwareName)
            throws IOException {
        short version = ApiKeys.API_VERSIONS.latestVersion();
        ApiVersionsResponseData answer = ask(channel, reader, clientId, softwareName, version);
        if (answer.errorCode() == Errors.UNSUPPORTED_VERSION.code()) {
            // An older broker answers in the layout of version 0 and says what it speaks; without a word it is version 0.
            var theirs = answer.apiKeys().find(ApiKeys.API_VERSIONS.id);
            version = theirs == null ? 0 : (short) Math.min(version, theirs.maxVersion());
            answer = ask(channel, reader, clientId, softwareName, version);
        }
        if (answer.errorCode() != Errors.NONE.code()) {
            throw new IOException("ApiVersions was refused: " + Errors.forCode(answer.errorCode()));
        }
        return new ApiVersionRanges(answer.apiKeys());
    }

    private static ApiVersionsResponseData ask(SocketChannel channel, FrameReader reader, String clientId,
            String softwareName,
            short version) throws IOException {
        ApiVersionsRequest request = new ApiVersionsRequest(
                new ApiVersionsRequestData().setClientSoftwareName(softwareName).setClientSoftwareVersion(
                        SOFTWARE_VERSION), version);
        RequestHeader header = new RequestHeader(ApiKeys.API_VERSIONS, version, clientId, 0);
        SocketTransfer.writeFully(channel, FrameWriter.frame(header, request));
        reader.awaitFrame();
        ByteBuffer frame = reader.takeFrame(true);
        ResponseHeader.parse(frame, ApiKeys.API_VERSIONS.responseHeaderVersion(version));
        return ApiVersionsResponse.parse(new ByteBufferAccessor(frame), version).data();
    }
}
