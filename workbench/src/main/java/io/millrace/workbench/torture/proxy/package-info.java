/** TCP proxies between processes that cut, silence and slow the links that they carry. */
@NullMarked
package io.millrace.workbench.torture.proxy;

import org.jspecify.annotations.NullMarked;
