/** How this service asks PostgreSQL: bounded, and with a plain answer while it is away. */
@NullMarked
package io.millrace.offset.database;

import org.jspecify.annotations.NullMarked;
