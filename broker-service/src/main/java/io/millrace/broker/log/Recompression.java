package io.millrace.broker.log;

import io.millrace.broker.log.ProduceCheck.Outcome;
import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import io.millrace.common.metadata.TopicCompression;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * Compresses the batches of an append anew where the topic asks for another codec than their producer's ({@code compression.type}). What a
 * batch holds is one stream of bytes to its codec, so no record is looked at: what comes out of the one codec goes into the other.
 */
final class Recompression {
    /** Of all batches of one append, unless a single one may be larger. */
    static final int MAX_APPEND_BYTES = 64 << 20;

    private final TopicConfig config;
    private final DecompressionBuffers buffers;
    private final DecompressionBuffers.Lent lent;

    /** @param lent this thread's alone until it is done */
    Recompression(TopicConfig config, DecompressionBuffers buffers, DecompressionBuffers.Lent lent) {
        this.config = config;
        this.buffers = buffers;
        this.lent = lent;
    }

    static boolean isNeeded(TopicConfig config, List<PlacedBatch> batches) {
        if (config.compression().codec() == TopicCompression.Codec.PRODUCER) {
            return false;
        }
        int wanted = wanted(config.compression()).type().id;
        return batches.stream().anyMatch(batch -> batch.header().compressionId() != wanted);
    }

    /** The most that an append may have in the topic's codec. */
    static int maxBytes(TopicConfig config) {
        return Math.max(MAX_APPEND_BYTES, config.maxMessageBytes());
    }

    /** The batches one behind the other in another buffer, or why they cannot be taken so. */
    record Result(ByteBuffer bytes, Outcome outcome) {}

    /** @param bytes that were found whole by {@link ProduceCheck} */
    Result run(ByteBuffer bytes, List<PlacedBatch> batches) {
        ByteBufferOutputStream out = new ByteBufferOutputStream(bytes.limit());
        Compression wanted = wanted(config.compression());
        int maxBytes = maxBytes(config);
        List<PlacedBatch> placed = new ArrayList<>(batches.size());
        try {
            for (PlacedBatch batch : batches) {
                int start = out.position();
                boolean fits = recompress(bytes, batch, wanted, out, Math.min(config.maxMessageBytes(), maxBytes
                        - start));
                if (!fits) {
                    return new Result(bytes, new Outcome.Rejected(AppendResult.Refused.batch(Errors.MESSAGE_TOO_LARGE,
                            placed.size(), "the batch is larger than max.message.bytes = " + config.maxMessageBytes()
                                    + ", or the append than " + maxBytes + " bytes, as compression.type "
                                    + "has it stored")));
                }
                placed.add(new PlacedBatch(start, BatchHeader.read(out.buffer(), start)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a batch that was decompressed before no longer is", e);
        }
        return new Result(out.buffer().duplicate().flip().slice(), new Outcome.Accepted(placed));
    }

    private boolean recompress(ByteBuffer bytes, PlacedBatch batch, Compression wanted, ByteBufferOutputStream out,
            int maxBytes) throws IOException {
        BatchHeader header = batch.header();
        int start = out.position();
        out.write(bytes.slice(batch.position(), BatchHeader.SIZE_BYTES));
        ByteBuffer body = bytes.slice(batch.position() + BatchHeader.SIZE_BYTES, header.sizeBytes()
                - BatchHeader.SIZE_BYTES);
        try (Unpacking from = Unpacking.open(body, header.compressionId(), header.sizeBytes(), buffers, lent);
                OutputStream to = wanted.wrapForOutput(out, RecordBatch.MAGIC_VALUE_V2)) {
            int read;
            while ((read = from.read(lent.window)) > 0) {
                to.write(lent.window, 0, read);
                if (out.position() - start > maxBytes) {
                    return false;
                }
            }
        }
        BatchHeader.rewriteCompression(out.buffer(), start, out.position() - start, wanted.type().id);
        return out.position() - start <= maxBytes;
    }

    private static Compression wanted(TopicCompression compression) {
        return switch (compression.codec()) {
            case PRODUCER -> throw new IllegalArgumentException("batches are to stay as they are");
            case UNCOMPRESSED -> Compression.NONE;
            case GZIP -> Compression.gzip().level(compression.level()).build();
            case SNAPPY -> Compression.snappy().build();
            case LZ4 -> Compression.lz4().level(compression.level()).build();
            case ZSTD -> Compression.zstd().level(compression.level()).build();
        };
    }
}
