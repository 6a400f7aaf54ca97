package io.millrace.offset.commit;

import io.millrace.common.error.ErrorCode;

/** What became of a commit: all of its offsets are stored, or none. */
public sealed interface CommitOutcome {
    Stored STORED = new Stored();

    record Stored() implements CommitOutcome {}

    /** Not stored, except after {@link ErrorCode#TIMED_OUT} and {@link ErrorCode#UNAVAILABLE}, which may hide that it was. */
    record Refused(ErrorCode code, String message) implements CommitOutcome {}
}
