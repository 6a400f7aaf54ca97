/** What every endpoint shares: limits, errors as JSON whatever their origin, lenient media types, CORS, and the OpenAPI document. */
@NullMarked
package io.millrace.gateway.edge;

import org.jspecify.annotations.NullMarked;
