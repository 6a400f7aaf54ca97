package io.millrace.offset.commit;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** "commitLoop", part of liveness: without its loop the service answers no commit, and only a restart brings it back. */
@Component
final class CommitLoopHealthIndicator implements HealthIndicator {
    private final CommitLoop loop;

    CommitLoopHealthIndicator(CommitLoop loop) {
        this.loop = loop;
    }

    @Override
    public Health health() {
        return (loop.isRunning() ? Health.up() : Health.down()).build();
    }
}
