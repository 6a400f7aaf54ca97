package io.millrace.coordinator.controller.reassignment;

/**
 * How many reassignments are under way.
 *
 * @param moving  in motion
 * @param waiting for a place
 * @param stuck   those of both that go on only once something else has changed
 */
record MoveCounts(int moving, int waiting, int stuck) {
    static final MoveCounts NONE = new MoveCounts(0, 0, 0);
}
