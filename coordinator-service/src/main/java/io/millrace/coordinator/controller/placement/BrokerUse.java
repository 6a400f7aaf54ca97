package io.millrace.coordinator.controller.placement;

/** What a planner may do with a broker. */
public enum BrokerUse {
    /** It runs and is to have its share. */
    TARGET,
    /** It does not run now: it keeps what it has, for it may be back soon, and gets nothing. */
    KEEPS,
    /** All that it has goes elsewhere. */
    DRAINS
}
