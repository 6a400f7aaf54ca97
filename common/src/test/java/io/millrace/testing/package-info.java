/** What the tests of every module share: a PostgreSQL of their own. */
@NullMarked
package io.millrace.testing;

import org.jspecify.annotations.NullMarked;
