/** HTTP consumers: what they were made with, what they read, and how far they are; members of their groups. */
@NullMarked
package io.millrace.coordinator.instance;

import org.jspecify.annotations.NullMarked;
