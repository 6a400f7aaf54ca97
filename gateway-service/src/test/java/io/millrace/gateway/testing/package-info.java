/** A gateway under test: a running context over one broker in memory and a controller in memory. */
@NullMarked
package io.millrace.gateway.testing;

import org.jspecify.annotations.NullMarked;
