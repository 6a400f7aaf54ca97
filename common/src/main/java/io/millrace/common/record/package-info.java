/** Record batches (Kafka message format v2): building, reading and checking them. The only package that touches Kafka's record classes. */
@NullMarked
package io.millrace.common.record;

import org.jspecify.annotations.NullMarked;
