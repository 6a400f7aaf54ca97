/** Topics that come to be because somebody asks for them by name, where the cluster is set to do so. */
@NullMarked
package io.millrace.common.autocreate;

import org.jspecify.annotations.NullMarked;
