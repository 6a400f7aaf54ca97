/** What the coordinator's tests share. */
package io.millrace.coordinator.testing;
