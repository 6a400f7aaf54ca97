/** The controller: creates and deletes topics, places partitions, fences brokers and elects leaders; acts only under its lease. */
@NullMarked
package io.millrace.coordinator.controller;

import org.jspecify.annotations.NullMarked;
