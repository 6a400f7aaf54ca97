/** JSON as bytes: a validating scanner that builds nothing, and a growing output that is written to a socket in one piece. */
@NullMarked
package io.millrace.gateway.json;

import org.jspecify.annotations.NullMarked;
