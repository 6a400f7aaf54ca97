/** Leases: who may act for a while, by PostgreSQL's clock; and the epochs that fence whoever acts too late. */
@NullMarked
package io.millrace.common.lease;

import org.jspecify.annotations.NullMarked;
