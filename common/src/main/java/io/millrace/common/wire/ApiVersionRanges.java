package io.millrace.common.wire;

import java.util.Arrays;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;

/** The versions that the other side of a connection speaks, by api key. */
final class ApiVersionRanges {
    private static final short NONE = -1;

    private final short[] lowest = new short[ApiKeys.values().length];
    private final short[] highest = new short[ApiKeys.values().length];

    ApiVersionRanges(ApiVersionCollection advertised) {
        Arrays.fill(highest, NONE);
        advertised.forEach(api -> {
            if (ApiKeys.hasId(api.apiKey())) {
                int index = ApiKeys.forId(api.apiKey()).ordinal();
                lowest[index] = api.minVersion();
                highest[index] = api.maxVersion();
            }
        });
    }

    /** The highest version within both ranges. */
    short choose(AbstractRequest.Builder<?> request) {
        ApiKeys key = request.apiKey();
        short theirHighest = highest[key.ordinal()];
        if (theirHighest == NONE) {
            throw new UnsupportedVersionException("the broker does not know " + key.name);
        }
        short chosen = (short) Math.min(theirHighest, request.latestAllowedVersion());
        if (chosen < lowest[key.ordinal()] || chosen < request.oldestAllowedVersion()) {
            throw new UnsupportedVersionException("the broker speaks " + key.name + " " + lowest[key.ordinal()] + " to "
                    + theirHighest
                    + ", the request needs " + request.oldestAllowedVersion() + " to " + request
                            .latestAllowedVersion());
        }
        return chosen;
    }
}
