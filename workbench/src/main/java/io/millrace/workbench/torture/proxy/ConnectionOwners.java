package io.millrace.workbench.torture.proxy;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Tells from Linux's {@code /proc} which of some processes of this machine made a connection. Where there is no {@code /proc}, none did. */
public final class ConnectionOwners implements FaultProxy.Sources {
    private static final String NOBODY = "";
    private static final String SOCKET = "socket:";
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int INODE = 9;

    private final Supplier<Map<String, Long>> pids;
    /** Of the last look at all processes: most who are asked for were there then. A socket's number is not given again soon. */
    private final Map<String, String> ownersBySocket = new HashMap<>();

    /** @param pids by name, asked for at each look */
    public ConnectionOwners(Supplier<Map<String, Long>> pids) {
        this.pids = pids;
    }

    @Override
    public String nameOf(Socket accepted) {
        return socketOf(accepted.getPort(), accepted.getLocalPort()).map(this::ownerOf).orElse(NOBODY);
    }

    private synchronized String ownerOf(String socket) {
        if (!ownersBySocket.containsKey(socket)) {
            ownersBySocket.clear();
            pids.get().forEach((name, pid) -> sockets(pid).forEach(held -> ownersBySocket.put(held, name)));
        }
        return ownersBySocket.getOrDefault(socket, NOBODY);
    }

    /** proc(5): column 1 is the local address with the port in hex, column 2 the remote one, column 9 the socket's inode. */
    private static Optional<String> socketOf(int itsPort, int ourPort) {
        String local = ":%04X".formatted(itsPort);
        String remote = ":%04X".formatted(ourPort);
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            try {
                for (String line : Files.readAllLines(Path.of(table))) {
                    String[] columns = line.strip().split("\\s+");
                    if (columns.length > INODE && columns[LOCAL].endsWith(local)
                            && columns[REMOTE].endsWith(remote)) {
                        return Optional.of(SOCKET + "[" + columns[INODE] + "]");
                    }
                }
            } catch (IOException e) {
                // no such table here, as without IPv6
            }
        }
        return Optional.empty();
    }

    private static List<String> sockets(long pid) {
        List<String> sockets = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors) {
                linkOf(descriptor).filter(link -> link.startsWith(SOCKET)).ifPresent(sockets::add);
            }
        } catch (IOException | DirectoryIteratorException e) {
            // it is gone
        }
        return sockets;
    }

    private static Optional<String> linkOf(Path descriptor) {
        try {
            return Optional.of(Files.readSymbolicLink(descriptor).toString());
        } catch (IOException e) {
            return Optional.empty(); // closed while we looked
        }
    }
}
