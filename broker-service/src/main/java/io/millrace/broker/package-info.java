/** The broker service: its start and end, settings, health and meters. */
@NullMarked
package io.millrace.broker;

import org.jspecify.annotations.NullMarked;
