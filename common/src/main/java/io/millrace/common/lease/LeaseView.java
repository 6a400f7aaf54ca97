package io.millrace.common.lease;

import java.util.Map;
import java.util.Set;

/**
 * What a renewal found.
 *
 * @param renewed      epochs by name of this holder's leases that were renewed
 * @param others       holders by name of the leases that run for others
 * @param candidates   the other processes that compete for leases, whether or not they hold any
 * @param untilExpiryMs after which the first of all these runs out unless it is renewed
 */
record LeaseView(Map<String, Long> renewed, Map<String, String> others, Set<String> candidates, long untilExpiryMs) {}
