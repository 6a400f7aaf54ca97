package io.millrace.broker.listener.session;

import java.util.List;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;

/** What one fetch is to read, and in what form it is answered. */
public sealed interface FetchContext {

    /** The session that it names cannot be gone on with; its client begins another. */
    record Refused(Errors error) implements FetchContext {}

    /** It is read, and answered with {@link #answer}. */
    sealed interface Reading extends FetchContext {
        /** All that is to be read, in the order in which it is. */
        List<FetchTopic> topics();

        /**
         * The answer on the wire; to be asked for once.
         *
         * @param read what was read, with every partition
         */
        FetchResponseData answer(FetchResponseData read);
    }

    /** The request says all, and the answer does. */
    record Sessionless(List<FetchTopic> topics) implements Reading {
        @Override
        public FetchResponseData answer(FetchResponseData read) {
            return read;
        }
    }

    /** The first of a session, if there is room for one: the answer says all, and names the session. */
    record Full(FetchSessions sessions, List<FetchTopic> topics, boolean topicIds) implements Reading {
        @Override
        public FetchResponseData answer(FetchResponseData read) {
            return sessions.begun(topics, topicIds, read);
        }
    }

    /** One of a session: the answer says what has changed since the one before. */
    record Incremental(FetchSession session, int epoch, List<FetchTopic> topics) implements Reading {
        @Override
        public FetchResponseData answer(FetchResponseData read) {
            return session.answer(epoch, read);
        }
    }
}
