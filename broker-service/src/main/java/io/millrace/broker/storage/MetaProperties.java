package io.millrace.broker.storage;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.common.Uuid;

/** The file {@code meta.properties} (Kafka's version 1): the cluster, the broker and the directory that the data belongs to. */
record MetaProperties(String clusterId, int nodeId, Uuid directoryId) {
    static final String FILE_NAME = "meta.properties";
    private static final String VERSION = "1";

    /** Claims an empty directory, or checks that a used one is this broker's. */
    static MetaProperties claim(Path root, DirectoryIdentity identity) throws IOException {
        Path file = root.resolve(FILE_NAME);
        if (!Files.exists(file)) {
            MetaProperties claimed = new MetaProperties(identity.clusterId(), identity.brokerId(), Uuid.randomUuid());
            AtomicFiles.replace(file, claimed.encode());
            return claimed;
        }
        MetaProperties found = read(file);
        if (!found.clusterId.equals(identity.clusterId())) {
            throw new ForeignDirectoryException(root + " holds data of cluster " + found.clusterId
                    + ", but this broker belongs to cluster "
                    + identity.clusterId() + ": give it a directory of its own");
        }
        if (found.nodeId != identity.brokerId()) {
            throw new ForeignDirectoryException(root + " holds data of broker " + found.nodeId + ", but this is broker "
                    + identity.brokerId()
                    + ": give it a directory of its own");
        }
        return found;
    }

    private static MetaProperties read(Path file) throws IOException {
        Properties properties = new Properties();
        properties.load(new StringReader(Files.readString(file)));
        String version = properties.getProperty("version");
        String clusterId = properties.getProperty("cluster.id");
        String nodeId = properties.getProperty("node.id");
        String directoryId = properties.getProperty("directory.id");
        if (!VERSION.equals(version) || clusterId == null || nodeId == null || directoryId == null) {
            throw new ForeignDirectoryException(file + " is not of version " + VERSION
                    + " with cluster.id, node.id and directory.id");
        }
        try {
            return new MetaProperties(clusterId, Integer.parseInt(nodeId), Uuid.fromString(directoryId));
        } catch (IllegalArgumentException e) {
            throw new ForeignDirectoryException(file + " has a bad node.id or directory.id: " + e.getMessage());
        }
    }

    private ByteBuffer encode() {
        String text = "cluster.id=" + clusterId + "\ndirectory.id=" + directoryId + "\nnode.id=" + nodeId + "\nversion="
                + VERSION + "\n";
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
