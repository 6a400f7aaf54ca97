package io.millrace.gateway.events;

import io.millrace.gateway.records.RecordFormat;

/** What a stream shows of its records. Streams that agree in it share what is rendered. */
record RecordView(RecordFormat format, RecordFilter filter) {
    static RecordView all(RecordFormat format) {
        return new RecordView(format, RecordFilter.NONE);
    }
}
