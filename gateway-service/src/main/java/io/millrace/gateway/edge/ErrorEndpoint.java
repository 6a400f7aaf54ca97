package io.millrace.gateway.edge;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;

/** Where the container sends what failed outside of a handler; replaces the HTML page. */
@Controller
class ErrorEndpoint implements ErrorController {
    @RequestMapping("${server.error.path:${error.path:/error}}")
    void error(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        Object message = request.getAttribute(RequestDispatcher.ERROR_MESSAGE);
        int code = status instanceof Integer number ? number : 404;
        String text = code < 500 && message instanceof String given && !given.isBlank() ? given
                : code == 408 ? "the body did not come in time"
                        : code < 500 ? "the request was refused" : "the gateway failed to answer; its log says why";
        ErrorAnswer.of(code, text).writeTo(response);
    }
}
