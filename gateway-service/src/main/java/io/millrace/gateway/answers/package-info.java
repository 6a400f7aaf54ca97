/** Answers with records: what they may hold until their clients have taken them, and how long that may take. */
@NullMarked
package io.millrace.gateway.answers;

import org.jspecify.annotations.NullMarked;
