package io.millrace.common.wire;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsResponse;

/** What a listener advertises in ApiVersions, and what it takes. */
public final class SupportedApis {

    /**
     * One kind of request.
     *
     * @param advertisedLowest lowest version in ApiVersions; below {@code lowest} only where clients draw conclusions from it
     * @param lowest lowest version that is taken; a lower one closes the connection
     * @param highest highest version that is taken
     */
    public record Api(ApiKeys key, short advertisedLowest, short lowest, short highest) {
        public Api {
            if (advertisedLowest > lowest || lowest > highest || !key.isVersionSupported(lowest) || !key
                    .isVersionSupported(highest)) {
                throw new IllegalArgumentException(key + " cannot be spoken in versions " + lowest + " to " + highest);
            }
        }

        public static Api of(ApiKeys key, int lowest, int highest) {
            return new Api(key, (short) lowest, (short) lowest, (short) highest);
        }
    }

    private final Map<ApiKeys, Api> apis = new EnumMap<>(ApiKeys.class);

    /** These and ApiVersions, which every listener answers. */
    public SupportedApis(Collection<Api> apis) {
        apis.forEach(api -> this.apis.put(api.key(), api));
        ApiKeys versions = ApiKeys.API_VERSIONS;
        this.apis.put(versions, Api.of(versions, versions.oldestVersion(), versions.latestVersion()));
    }

    /** Everything that is supported, ApiVersions included. */
    public Set<ApiKeys> keys() {
        return Collections.unmodifiableSet(apis.keySet());
    }

    /** Everything that is supported, with the versions, ApiVersions included. */
    public Collection<Api> all() {
        return Collections.unmodifiableCollection(apis.values());
    }

    /** Whether requests of this kind are taken in this version. */
    public boolean accepts(ApiKeys key, short version) {
        Api api = apis.get(key);
        return api != null && version >= api.lowest() && version <= api.highest();
    }

    /** Everything that is supported. */
    ApiVersionsResponse advertise() {
        return response(apis.values(), Errors.NONE);
    }

    /** The answer to a version of ApiVersions that is not known: in the layout of version 0, with the range that is (KIP-511). */
    ApiVersionsResponse unsupportedVersion() {
        return response(List.of(apis.get(ApiKeys.API_VERSIONS)), Errors.UNSUPPORTED_VERSION);
    }

    private static ApiVersionsResponse response(Collection<Api> apis, Errors error) {
        ApiVersionCollection advertised = new ApiVersionCollection(apis.size());
        for (Api api : apis) {
            advertised.add(new ApiVersion().setApiKey(api.key().id).setMinVersion(api.advertisedLowest()).setMaxVersion(
                    api.highest()));
        }
        return new ApiVersionsResponse(new ApiVersionsResponseData().setErrorCode(error.code()).setApiKeys(advertised));
    }
}
