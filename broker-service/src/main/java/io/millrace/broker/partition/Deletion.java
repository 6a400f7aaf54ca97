package io.millrace.broker.partition;

import org.apache.kafka.common.protocol.Errors;

/** What became of records that are to be deleted. */
public sealed interface Deletion {
    /** The log starts here now; asked for the low watermark, that of every replica that runs, or -1 while one of them has not said. */
    record Low(long offset) implements Deletion {}

    record Refused(Errors error) implements Deletion {}
}
