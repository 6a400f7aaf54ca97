/** Commits: gathered from concurrent requests, fenced and stored by one statement per batch. */
@NullMarked
package io.millrace.offset.commit;

import org.jspecify.annotations.NullMarked;
