package io.millrace.gateway.produce;

import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.edge.BodyBuffer;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.json.JsonOutput;

/** What one request needs while it is handled: its body, the records found in it, and the answer. Reused from request to request. */
final class ProduceScratch {
    final BodyBuffer body;
    final RecordSlices records = new RecordSlices(this::countRecords);
    final ProduceBodyParser parser;
    final JsonOutput answer = new JsonOutput(1024);
    private int countedRecordsBytes;

    /**
     * @param memory     that large bodies are counted against
     * @param maxRecords of a body
     */
    ProduceScratch(BodyMemory memory, int maxRecords) {
        this.body = new BodyBuffer(memory);
        this.parser = new ProduceBodyParser(maxRecords);
    }

    byte[] body() {
        return body.bytes();
    }

    int length() {
        return body.length();
    }

    /** Adds bytes behind the body. @return where they begin */
    int append(byte[] more) {
        return body.append(more);
    }

    /** Memory held. */
    int capacityBytes() {
        return body.bytes().length + records.capacityBytes() + answer.capacity();
    }

    /** Counts the places of records that are there from an earlier request; those that are added are counted before they are. */
    void countRecords() {
        countRecords(records.capacityBytes(), 0);
    }

    /** They take more memory than the shortest records themselves, and headers. */
    private void countRecords(int recordsBytes, int headersBytes) {
        int bytes = recordsBytes + headersBytes;
        if (bytes > BodyMemory.SMALL_BODY_BYTES && bytes > countedRecordsBytes) {
            body.reserve(bytes - countedRecordsBytes);
            countedRecordsBytes = bytes;
        }
    }

    /** The body is not needed any more. */
    void release() {
        body.close();
        countedRecordsBytes = 0;
    }
}
