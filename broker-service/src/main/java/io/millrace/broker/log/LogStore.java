package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The folder of one partition. What was flushed survives a crash; what was not may be gone, whole or in part. */
public interface LogStore {

    /** The partition's name, {@code topic-partition}. */
    String name();

    Set<String> list() throws IOException;

    /** Opens a file for reading and appending; creates it when it is not there. */
    LogFile open(String name) throws IOException;

    /** The whole content, read-only. Stays readable after the file is renamed or deleted. */
    ByteBuffer view(String name) throws IOException;

    /** Replaces a small file so that, after a crash, it holds either the old or the new content. */
    void replace(String name, ByteBuffer content) throws IOException;

    /** As {@link #replace} if only the process ends; after a crash of the machine the file may hold anything, or be gone. */
    void replaceUnflushed(String name, ByteBuffer content) throws IOException;

    /** The content of a small file, or null when it is not there. */
    @Nullable
    ByteBuffer readIfExists(String name) throws IOException;

    /** Renames atomically, over an existing target. Open files go on under the new name. */
    void rename(String from, String to) throws IOException;

    void deleteIfExists(String name) throws IOException;

    /** Makes files created, renamed and deleted so far survive a crash. */
    void flushDirectory() throws IOException;
}
