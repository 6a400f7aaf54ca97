package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** A body as its sender meant it: without the {@code Content-Encoding} it came in. */
public final class RequestBody {
    private static final int INFLATE_BUFFER_BYTES = 8 * 1024;

    private RequestBody() {}

    /**
     * Whether it is to be decompressed, so that its announced length says nothing.
     *
     * @param response tells which encoding is taken, where another is refused (RFC 7694)
     */
    public static boolean isCompressed(HttpServletRequest request, HttpServletResponse response) {
        String encoding = request.getHeader("Content-Encoding");
        if (encoding == null) {
            return false;
        }
        return switch (encoding.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity" -> false;
            case "gzip", "x-gzip" -> true;
            default -> {
                response.setHeader("Accept-Encoding", "gzip");
                throw new RefusedException(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding: '" + encoding
                        + "' is not gzip");
            }
        };
    }

    /** How much comes out of it is for the reader to limit. Nothing is read yet. */
    public static InputStream open(HttpServletRequest request, boolean isCompressed) throws IOException {
        InputStream raw = request.getInputStream();
        return isCompressed ? new Compressed(raw) : raw;
    }

    private static RefusedException damaged(IOException cause) {
        return new RefusedException(ErrorCode.MALFORMED_BODY, "the body is not whole gzip: " + cause.getMessage());
    }

    /** Its head is waited for by who reads, as all that follows it. */
    private static final class Compressed extends InputStream {
        private final InputStream raw;
        private @Nullable Inflated inflated;

        private Compressed(InputStream raw) {
            this.raw = raw;
        }

        private Inflated opened() throws IOException {
            if (inflated == null) {
                try {
                    inflated = new Inflated(raw);
                } catch (ZipException | EOFException e) {
                    throw damaged(e);
                }
            }
            return inflated;
        }

        @Override
        public int read() throws IOException {
            return opened().read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return opened().read(target, offset, length);
        }

        @Override
        public int available() throws IOException {
            return inflated == null ? 0 : inflated.available();
        }

        @Override
        public void close() throws IOException {
            if (inflated == null) {
                raw.close();
            } else {
                inflated.close();
            }
        }
    }

    /** Its own superclass takes whatever follows a member and is no other for the end, and a lost connection, too. */
    private static final class Inflated extends GZIPInputStream {
        private static final int TRAILER_BYTES = 8;

        private Inflated(InputStream in) throws IOException {
            super(in, INFLATE_BUFFER_BYTES);
        }

        /** Its own superclass calls whatever may come available: who asks does not want to wait. */
        @Override
        public int available() throws IOException {
            return inf.getRemaining() > 0 || in.available() > 0 ? 1 : 0;
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
