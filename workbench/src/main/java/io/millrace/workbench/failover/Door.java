package io.millrace.workbench.failover;

import java.util.Locale;

/** The way by which records come in. */
public enum Door {
    KAFKA, HTTP;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
