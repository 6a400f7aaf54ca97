/** Topics over HTTP: list, create, describe, delete, and where their partitions begin and end. */
@NullMarked
package io.millrace.gateway.topics;

import org.jspecify.annotations.NullMarked;
