package io.millrace.common.lease;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;

/** Makes the timing of leases configurable; which leases a service keeps is its own matter. */
@AutoConfiguration
@EnableConfigurationProperties(LeaseSettings.class)
public class LeaseAutoConfiguration {}
