package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.apache.coyote.CloseNowException;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.context.request.ServletWebRequest;

class ErrorAdviceTest {
    private final MockHttpServletResponse response = new MockHttpServletResponse();
    private final ServletWebRequest request = new ServletWebRequest(new MockHttpServletRequest(), response);
    private final ErrorAdvice advice = new ErrorAdvice();

    @Test
    void a_fault_before_the_answer_is_answered() {
        assertThat(advice.handleAnythingElse(new IllegalStateException("a bug"), request)).isNotNull();
    }

    @Test
    void a_fault_within_an_answer_is_not_answered_behind_it() throws IOException {
        response.flushBuffer();
        var fault = new IllegalStateException("a bug");

        assertThatThrownBy(() -> advice.handleAnythingElse(fault, request)).isSameAs(fault);
    }

    @Test
    void an_answer_that_is_cut_off_is_left_to_the_container() {
        var cutOff = new CloseNowException();

        assertThatThrownBy(() -> advice.cutOff(cutOff)).isSameAs(cutOff);
    }
}
