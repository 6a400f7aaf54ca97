/** The Confluent REST Proxy's v3 dialect: its resources and their links, its errors, its OpenAPI operations. */
@NullMarked
package io.millrace.gateway.v3;

import org.jspecify.annotations.NullMarked;
