package io.millrace.workbench.torture.proxy;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Tells from Linux's {@code /proc} which of some processes of this machine made a connection. Where there is no {@code /proc}, none did.
 *
 * @param pids by name, asked for at each connection
 */
public record ConnectionOwners(Supplier<Map<String, Long>> pids) implements FaultProxy.Sources {
    private static final String NOBODY = "";
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int INODE = 9;

    @Override
    public String nameOf(Socket accepted) {
        return socketOf(accepted.getPort(), accepted.getLocalPort()).flatMap(socket -> pids.get().entrySet().stream()
                .filter(process -> holds(process.getValue(), socket))
                .map(Map.Entry::getKey)
                .findFirst()).orElse(NOBODY);
    }

    /** proc(5): column 1 is the local address with the port in hex, column 2 the remote one, column 9 the socket's inode. */
    private static Optional<String> socketOf(int itsPort, int ourPort) {
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            try {
                for (String line : Files.readAllLines(Path.of(table))) {
                    String[] columns = line.strip().split("\\s+");
                    if (columns.length > INODE && columns[LOCAL].endsWith(":%04X".formatted(itsPort))
                            && columns[REMOTE].endsWith(":%04X".formatted(ourPort))) {
                        return Optional.of("socket:[" + columns[INODE] + "]");
                    }
                }
            } catch (IOException e) {
                // no such table here, as without IPv6
            }
        }
        return Optional.empty();
    }

    private static boolean holds(long pid, String socket) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors) {
                if (isLinkTo(descriptor, socket)) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false; // it is gone
        }
        return false;
    }

    private static boolean isLinkTo(Path descriptor, String socket) {
        try {
            return Files.readSymbolicLink(descriptor).toString().equals(socket);
        } catch (IOException e) {
            return false; // closed while we looked
        }
    }
}
