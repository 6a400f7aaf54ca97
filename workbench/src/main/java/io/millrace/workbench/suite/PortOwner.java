package io.millrace.workbench.suite;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Whether a port of an address is free, and if not, whose it is. */
final class PortOwner {
    private static final String LISTENING = "0A";
    private static final int LSOF_TIMEOUT_MS = 5_000;

    private PortOwner() {}

    static boolean isFree(String host, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true); // a connection in TIME_WAIT does not take the port, a listener does
            socket.bind(new InetSocketAddress(host, port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The process that listens on a port, where the operating system lets us see it. */
    static Optional<ProcessHandle> find(int port) {
        Optional<ProcessHandle> owner = Files.isDirectory(Path.of("/proc/self/fd")) ? fromProc(port) : fromLsof(port);
        return owner.filter(ProcessHandle::isAlive);
    }

    /** Its program and pid, as {@code "java (pid 4711)"}. */
    static String describe(ProcessHandle process) {
        String program = process.info().command().map(command -> Path.of(command).getFileName().toString())
                .orElse("a process");
        return program + " (pid " + process.pid() + ")";
    }

    /** Refuses to start these on ports that are not free, and names who has them. */
    static void refuseTaken(Collection<ServiceSpec> specs) {
        List<String> taken = new ArrayList<>();
        for (ServiceSpec spec : specs) {
            for (int port : spec.ports()) {
                if (!isFree(spec.host(), port)) {
                    String owner = find(port).map(PortOwner::describe)
                            .orElse("a process of another user, or the address " + spec.host()
                                    + " is not one of this machine");
                    taken.add("port " + port + " (" + spec.name() + ") is taken by " + owner);
                }
            }
        }
        if (!taken.isEmpty()) {
            throw new LaunchRefusedException(String.join("\n", taken)
                    + "\nend it, or choose other ports with the MILLRACE_*_PORT variables");
        }
    }

    private static Optional<ProcessHandle> fromProc(int port) {
        Set<String> sockets = new HashSet<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            sockets.addAll(listeningSockets(Path.of(table), port));
        }
        if (sockets.isEmpty()) {
            return Optional.empty();
        }
        return ProcessHandle.allProcesses().filter(process -> holdsAny(process.pid(), sockets)).findFirst();
    }

    /** proc(5): column 2 is the local address with the port in hex, column 4 the state, column 10 the socket's inode. */
    private static Set<String> listeningSockets(Path table, int port) {
        Set<String> sockets = new HashSet<>();
        try {
            for (String line : Files.readAllLines(table)) {
                String[] columns = line.strip().split("\\s+");
                if (columns.length > 9 && columns[3].equals(LISTENING)
                        && columns[1].endsWith(":%04X".formatted(port))) {
                    sockets.add("socket:[" + columns[9] + "]");
                }
            }
        } catch (IOException e) {
            return Set.of(); // no such table here, as without IPv6
        }
        return sockets;
    }

    private static boolean holdsAny(long pid, Set<String> sockets) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors) {
                if (sockets.contains(target(descriptor))) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false; // another user's process, or gone by now
        }
        return false;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return ""; // closed while we looked
        }
    }

    private static Optional<ProcessHandle> fromLsof(int port) {
        try {
            Process lsof = new ProcessBuilder("lsof", "-nP", "-t", "-iTCP:" + port, "-sTCP:LISTEN")
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            if (!lsof.waitFor(LSOF_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                lsof.destroyForcibly();
                return Optional.empty();
            }
            return lsof.inputReader().lines().filter(line -> !line.isBlank()).findFirst()
                    .flatMap(line -> ProcessHandle.of(Long.parseLong(line.strip())));
        } catch (IOException e) {
            return Optional.empty(); // no lsof here: the message goes without a name
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
