package io.millrace.offset.retention;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.SchedulingConfigurer;
import org.springframework.scheduling.config.ScheduledTaskRegistrar;

/** Looks at once and then at each interval; a look that fails is tried again at the next. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
class RetentionSchedule implements SchedulingConfigurer {
    private static final Logger LOG = LoggerFactory.getLogger(RetentionSchedule.class);

    private final Retention retention;
    private final RetentionSettings settings;

    RetentionSchedule(Retention retention, RetentionSettings settings) {
        this.retention = retention;
        this.settings = settings;
    }

    @Override
    public void configureTasks(ScheduledTaskRegistrar registrar) {
        registrar.addFixedDelayTask(this::look, settings.checkInterval());
    }

    private void look() {
        try {
            retention.look();
        } catch (RuntimeException e) {
            LOG.warn("Could not look for offsets to forget; the next try is in {}", settings.checkInterval(), e);
        }
    }
}
