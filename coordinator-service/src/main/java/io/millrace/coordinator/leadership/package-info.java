/** The leases that this coordinator competes for, and who acts under them. */
@NullMarked
package io.millrace.coordinator.leadership;

import org.jspecify.annotations.NullMarked;
