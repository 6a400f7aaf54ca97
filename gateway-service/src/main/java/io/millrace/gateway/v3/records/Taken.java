package io.millrace.gateway.v3.records;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.List;
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

    /**
     * Where one is refused, so are all: a request under a key is stored whole or not at all, for its client could never send the rest under
     * the key.
     *
     * @return whether one was refused
     */
    static boolean refuseTogether(List<Taken> request) {
        if (request.stream().allMatch(each -> each.refusal == null)) {
            return false;
        }
        Taken withOthers = refused(new RefusedException(ErrorCode.MALFORMED_BODY, "not stored, since another record of "
                + "the request is refused, and with an Idempotency-Key the request is stored whole or not at all"));
        request.replaceAll(each -> each.refusal == null ? withOthers : each);
        return true;
    }
}
