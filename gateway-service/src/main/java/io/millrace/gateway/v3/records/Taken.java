package io.millrace.gateway.v3.records;

import io.millrace.common.error.RefusedException;
import org.jspecify.annotations.Nullable;

/**
 * What is to be reported of one object of a request.
 *
 * @param record      its place among the records that were sent on, if it is one of them
 * @param keyType     null without a key
 * @param keySize     bytes stored; 0 where the key is null
 * @param valueType   null without a value
 * @param valueSize   bytes stored; 0 where the value is null
 * @param timestampMs null: when it was sent on
 * @param refusal     why it is no record
 */
record Taken(int record, @Nullable DataType keyType, int keySize, @Nullable DataType valueType,
        int valueSize, @Nullable Long timestampMs, @Nullable RefusedException refusal) {
    static Taken refused(RefusedException refusal) {
        return new Taken(-1, null, 0, null, 0, null, refusal);
    }
}
