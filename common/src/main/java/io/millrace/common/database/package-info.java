/** How every service reaches PostgreSQL: connections, migrations at the start, and what is answered while it is away. */
@NullMarked
package io.millrace.common.database;

import org.jspecify.annotations.NullMarked;
