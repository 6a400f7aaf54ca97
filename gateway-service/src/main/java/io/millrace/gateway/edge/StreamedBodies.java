package io.millrace.gateway.edge;

import jakarta.servlet.http.HttpServletRequest;

/** Names requests whose bodies may be of any length: who takes them reads them bit by bit, and holds little of them. */
@FunctionalInterface
public interface StreamedBodies {
    boolean areOf(HttpServletRequest request);
}
