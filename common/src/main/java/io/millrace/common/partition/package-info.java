/** What may become of a partition's row (leader, in-sync replicas, reassignment): the rules, pure, and the SQL that applies them. */
@NullMarked
package io.millrace.common.partition;

import org.jspecify.annotations.NullMarked;
