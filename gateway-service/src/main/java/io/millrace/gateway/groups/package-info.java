/** Consumer groups over HTTP: list, describe, delete, lag and reset. */
@NullMarked
package io.millrace.gateway.groups;

import org.jspecify.annotations.NullMarked;
