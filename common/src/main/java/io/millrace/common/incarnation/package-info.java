/** What brokers report of their logs after PostgreSQL went back to an older state, and who is elected by it. */
@NullMarked
package io.millrace.common.incarnation;

import org.jspecify.annotations.NullMarked;
