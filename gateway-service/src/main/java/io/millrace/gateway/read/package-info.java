/** Reading a partition by offset, without a consumer: one long poll at its leader. */
@NullMarked
package io.millrace.gateway.read;

import org.jspecify.annotations.NullMarked;
