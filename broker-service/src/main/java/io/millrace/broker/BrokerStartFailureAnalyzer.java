package io.millrace.broker;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints the reason of a failed start instead of a stack trace. */
final class BrokerStartFailureAnalyzer extends AbstractFailureAnalyzer<BrokerStartException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, BrokerStartException cause) {
        return new FailureAnalysis("The broker cannot start: " + cause.getMessage(), null, cause);
    }
}
