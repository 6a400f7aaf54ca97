package io.millrace.broker.storage;

import io.millrace.broker.log.LogFile;
import io.millrace.broker.log.LogStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The folder of one partition on a file system. */
public final class DirectoryLogStore implements LogStore {
    private volatile Path folder;
    private final String name;
    /** By name, so that a renamed file can be opened again under the name it has now. */
    private final Map<String, ChannelFile> openFiles = new ConcurrentHashMap<>();

    public DirectoryLogStore(Path folder) {
        this.folder = folder;
        this.name = folder.getFileName().toString();
    }

    @Override
    public String name() {
        return name;
    }

    Path folder() {
        return folder;
    }

    /** Renames the folder itself; nothing else may use its path meanwhile. */
    void moveTo(Path newFolder) throws IOException {
        Files.move(folder, newFolder);
        folder = newFolder;
        openFiles.forEach((fileName, file) -> file.movedTo(newFolder.resolve(fileName)));
    }

    @Override
    public Set<String> list() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    @Override
    public LogFile open(String fileName) throws IOException {
        ChannelFile file = new ChannelFile(folder.resolve(fileName));
        openFiles.put(fileName, file);
        file.onClose(() -> openFiles.values().remove(file));
        return file;
    }

    @Override
    public ByteBuffer view(String fileName) throws IOException {
        return Uninterrupted.call(() -> {
            try (FileChannel channel = FileChannel.open(folder.resolve(fileName), StandardOpenOption.READ)) {
                long sizeBytes = channel.size();
                return sizeBytes == 0 ? ByteBuffer.allocate(0)
                        : channel.map(FileChannel.MapMode.READ_ONLY, 0, sizeBytes);
            }
        });
    }

    @Override
    public void replace(String fileName, ByteBuffer content) throws IOException {
        AtomicFiles.replace(folder.resolve(fileName), content);
    }

    @Override
    public void replaceUnflushed(String fileName, ByteBuffer content) throws IOException {
        AtomicFiles.replaceUnflushed(folder.resolve(fileName), content);
    }

    @Override
    public @Nullable ByteBuffer readIfExists(String fileName) throws IOException {
        try {
            return ByteBuffer.wrap(Uninterrupted.call(() -> Files.readAllBytes(folder.resolve(fileName))));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(folder.resolve(from), folder.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        ChannelFile file = openFiles.remove(from);
        if (file != null) {
            file.movedTo(folder.resolve(to));
            openFiles.put(to, file);
        }
    }

    @Override
    public void deleteIfExists(String fileName) throws IOException {
        Files.deleteIfExists(folder.resolve(fileName));
    }

    @Override
    public void flushDirectory() throws IOException {
        AtomicFiles.flushDirectory(folder);
    }
}
