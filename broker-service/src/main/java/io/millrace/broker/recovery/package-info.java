/** What a broker does when PostgreSQL went back to an older state: it tells which logs it has, and how far they reach. */
@NullMarked
package io.millrace.broker.recovery;

import org.jspecify.annotations.NullMarked;
