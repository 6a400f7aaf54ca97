/** What every service's HTTP port has in common: how failures are answered. */
@NullMarked
package io.millrace.common.web;

import org.jspecify.annotations.NullMarked;
