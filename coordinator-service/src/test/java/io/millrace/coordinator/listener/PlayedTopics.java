package io.millrace.coordinator.listener;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.TopicImage;
import io.millrace.coordinator.testing.FixedImages;
import java.util.Map;

/** A controller that changes the settings of the test's topics. */
final class PlayedTopics implements TopicsApi {
    private final FixedImages images;

    PlayedTopics(FixedImages images) {
        this.images = images;
    }

    @Override
    public AlteredTopic alter(String name, AlterConfigs request) {
        TopicImage topic = images.current().topic(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic " + name);
        }
        Map<String, String> configs = ConfigChange.apply(request.replace() ? Map.of() : topic.configs(), request
                .changes());
        if (!request.validateOnly()) {
            images.configure(name, configs);
        }
        return new AlteredTopic(request.validateOnly() ? -1 : images.current().version());
    }

    @Override
    public CreatedTopic create(CreateTopic topic) {
        throw new UnsupportedOperationException("not played");
    }

    @Override
    public DeletedTopic delete(String name) {
        throw new UnsupportedOperationException("not played");
    }

    @Override
    public DeletedTopic deleteById(String id) {
        throw new UnsupportedOperationException("not played");
    }
}
