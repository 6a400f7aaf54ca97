package io.millrace.workbench.endtoend;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What is installed beside the build. */
final class Programs {
    private Programs() {}

    /** The first of the names that there is. */
    static Optional<Path> find(String... names) {
        return Stream.of(names).flatMap(name -> Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(
                folder, name))).filter(Files::isExecutable).findFirst();
    }
}
