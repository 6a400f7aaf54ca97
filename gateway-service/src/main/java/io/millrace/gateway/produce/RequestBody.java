package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** A body as its sender meant it: without the {@code Content-Encoding} it came in. */
final class RequestBody {
    private static final int INFLATE_BUFFER_BYTES = 8 * 1024;

    private RequestBody() {}

    /** Whether it is to be decompressed, so that its announced length says nothing. */
    static boolean isCompressed(HttpServletRequest request) {
        String encoding = request.getHeader("Content-Encoding");
        if (encoding == null) {
            return false;
        }
        return switch (encoding.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity" -> false;
            case "gzip", "x-gzip" -> true;
            default -> throw new RefusedException(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding: '" + encoding
                    + "' is not gzip");
        };
    }

    /** How much comes out of it is for the reader to limit. */
    static InputStream open(HttpServletRequest request, boolean isCompressed) throws IOException {
        InputStream raw = request.getInputStream();
        if (!isCompressed) {
            return raw;
        }
        try {
            return new Inflated(raw);
        } catch (ZipException | EOFException e) {
            throw damaged(e);
        }
    }

    private static RefusedException damaged(IOException cause) {
        return new RefusedException(ErrorCode.MALFORMED_BODY, "the body is not whole gzip: " + cause.getMessage());
    }

    /** Its own superclass takes whatever follows a member and is no other for the end, and a lost connection, too. */
    private static final class Inflated extends GZIPInputStream {
        private static final int TRAILER_BYTES = 8;

        private Inflated(InputStream in) throws IOException {
            super(in, INFLATE_BUFFER_BYTES);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                int read = super.read(target, offset, length);
                if (read < 0 && (inf.getRemaining() > TRAILER_BYTES || in.read() >= 0)) {
                    throw new ZipException("something follows that is not");
                }
                return read;
            } catch (ZipException | EOFException e) {
                throw damaged(e);
            }
        }
    }
}
