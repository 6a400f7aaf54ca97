package io.millrace.broker.storage;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What a data directory remembers of the broker's last registration, in the file {@code registration.properties}: its epoch, and in which run of the
 * machine that was. As long as the machine has not been started again since, what a killed process wrote is in the page cache still.
 *
 * @param bootId of the kernel, or empty where it has none
 */
record RememberedRegistration(long brokerEpoch, String bootId) {
    static final String FILE_NAME = "registration.properties";
    private static final Path KERNEL_BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    /** Null when there is none, or what is there cannot be understood. */
    static @Nullable RememberedRegistration read(Path root) throws IOException {
        Path file = root.resolve(FILE_NAME);
        if (!Files.exists(file)) {
            return null;
        }
        Properties properties = new Properties();
        properties.load(new StringReader(Files.readString(file)));
        try {
            return new RememberedRegistration(Long.parseLong(properties.getProperty("broker.epoch", "")), properties
                    .getProperty("boot.id", ""));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    void write(Path root) throws IOException {
        String text = "boot.id=" + bootId + "\nbroker.epoch=" + brokerEpoch + "\n";
        AtomicFiles.replace(root.resolve(FILE_NAME), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whether the machine has run ever since. */
    boolean isOfThisBoot() {
        return !bootId.isEmpty() && bootId.equals(currentBootId());
    }

    static String currentBootId() {
        try {
            return Files.readString(KERNEL_BOOT_ID).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
