/** Apache Kafka beside the suite, one node or several, to be measured on the same work. */
@NullMarked
package io.millrace.workbench.peer;

import org.jspecify.annotations.NullMarked;
