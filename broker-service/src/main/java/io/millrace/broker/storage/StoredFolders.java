package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What lies in a data directory when a broker starts. */
final class StoredFolders {
    private StoredFolders() {}

    /** The partitions' folders; those whose deletion was interrupted and those set aside are handed over to be removed in time, anything else is left alone. */
    static List<PartitionFolder> list(Path root, DepartedFolders departed) throws IOException {
        List<PartitionFolder> folders = new ArrayList<>();
        try (Stream<Path> children = Files.list(root)) {
            for (Path child : children.filter(Files::isDirectory).toList()) {
                PartitionFolder folder = PartitionFolder.parse(child);
                if (folder != null) {
                    folders.add(folder);
                } else if (child.getFileName().toString().endsWith(PartitionFolder.DELETED_SUFFIX)) {
                    departed.addDeleted(child, 0, null);
                } else if (child.getFileName().toString().endsWith(PartitionFolder.STRAY_SUFFIX)) {
                    departed.addFoundStray(child, Files.getLastModifiedTime(child).toMillis());
                }
            }
        }
        return folders;
    }
}
