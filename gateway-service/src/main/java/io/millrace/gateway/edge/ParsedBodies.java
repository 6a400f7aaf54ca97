package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

/**
 * Counts bodies that are made into objects, those over {@link BodyMemory#SMALL_BODY_BYTES}, as they come, until their request is over. Where
 * there is no more memory for them, they are refused with {@code QUEUE_FULL}, and larger ones than there may be with {@code BODY_TOO_LARGE}.
 */
@ControllerAdvice
class ParsedBodies extends RequestBodyAdviceAdapter {
    /** The smallest element is the three bytes of an empty object and its comma, for which a record of 40 bytes and its place in a list are made. */
    static final int OBJECT_BYTES_PER_BODY_BYTE = 16;

    private static final String PLAIN = "identity";
    private static final String NAME = ParsedBodies.class.getName();

    private final BodyMemory memory;
    private final long limitBytes;

    ParsedBodies(BodyMemory memory, GatewayProperties properties) {
        this.memory = memory;
        this.limitBytes = properties.maxParsedBodySize().toBytes();
    }

    @Override
    public boolean supports(MethodParameter parameter, Type type, Class<? extends HttpMessageConverter<?>> converter) {
        return true;
    }

    @Override
    public HttpInputMessage beforeBodyRead(HttpInputMessage message, MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converter) throws IOException {
        refuseEncoded(message.getHeaders());
        var count = new Count();
        var counted = new CountedInput(message.getBody(), count::count);
        RequestContextHolder.currentRequestAttributes().registerDestructionCallback(NAME, count::release,
                RequestAttributes.SCOPE_REQUEST);
        return new HttpInputMessage() {
            @Override
            public InputStream getBody() {
                return counted;
            }

            @Override
            public HttpHeaders getHeaders() {
                return message.getHeaders();
            }
        };
    }

    /** What is compressed would be taken for JSON that is malformed. Which encodings are taken is told by RFC 7694. */
    private static void refuseEncoded(HttpHeaders headers) {
        String encoding = headers.getFirst(HttpHeaders.CONTENT_ENCODING);
        if (encoding == null || encoding.isBlank() || encoding.strip().equalsIgnoreCase(PLAIN)) {
            return;
        }
        if (RequestContextHolder.currentRequestAttributes() instanceof ServletRequestAttributes attributes && attributes
                .getResponse() instanceof HttpServletResponse response) {
            response.setHeader(HttpHeaders.ACCEPT_ENCODING, PLAIN);
        }
        throw new RefusedException(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding: '" + encoding
                + "' is taken of bodies with records alone");
    }

    /** What one body takes. */
    private final class Count {
        private long readBytes;
        private long reservedBytes;

        private void count(int more) {
            readBytes += more;
            if (readBytes > limitBytes) {
                throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limitBytes
                        + " bytes");
            }
            if (more > 0 && readBytes > BodyMemory.SMALL_BODY_BYTES) {
                long wanted = readBytes * OBJECT_BYTES_PER_BODY_BYTE;
                memory.reserve(wanted - reservedBytes, reservedBytes);
                reservedBytes = wanted;
            }
        }

        private void release() {
            memory.release(reservedBytes);
            reservedBytes = 0;
        }
    }
}
