package io.millrace.workbench.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The files of this checkout. */
final class Repository {
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
    static final Path ROOT = root();

    private Repository() {}

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("docker-compose.yml"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new IllegalStateException("docker-compose.yml is in no directory above " + Path.of("")
                        .toAbsolutePath());
            }
        }
        return directory;
    }

    static String read(String path) {
        try {
            return Files.readString(ROOT.resolve(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The documents of a YAML text; a key that is there twice is an error. */
    static List<Map<String, Object>> yaml(String text) {
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        var documents = new ArrayList<Map<String, Object>>();
        for (Object document : new Yaml(new SafeConstructor(options)).loadAll(text)) {
            documents.add(object(document));
        }
        return documents;
    }

    /** The modules that are services. */
    static List<String> serviceModules() {
        return MODULE.matcher(read("pom.xml")).results()
                .map(module -> module.group(1))
                .filter(module -> module.endsWith("-service"))
                .toList();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object yaml) {
        if (yaml instanceof Map<?, ?> map && map.keySet().stream().allMatch(String.class::isInstance)) {
            return (Map<String, Object>) map;
        }
        throw new IllegalArgumentException("Not an object with names for keys: " + yaml);
    }

    static List<Object> list(Object yaml) {
        if (yaml instanceof List<?> list) {
            return List.copyOf(list);
        }
        throw new IllegalArgumentException("Not a list: " + yaml);
    }
}
