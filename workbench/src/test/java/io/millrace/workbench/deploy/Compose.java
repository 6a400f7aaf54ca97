package io.millrace.workbench.deploy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** docker-compose.yml, read strictly: a field that is not known here is an error. */
record Compose(Map<String, Service> services, Set<String> volumes) {
    record Service(
            String name,
            String image,
            Map<String, String> buildArguments,
            Map<String, String> environment,
            Map<String, String> dependsOn,
            List<String> ports,
            List<String> volumes,
            Map<String, Object> healthcheck) {
        boolean isOurs() {
            return !buildArguments.isEmpty();
        }

        /** The module that it is built from. */
        String module() {
            return buildArguments.getOrDefault("SERVICE", "");
        }

        List<String> healthCommand() {
            return Repository.list(healthcheck.get("test")).stream().map(Object::toString).toList();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Compose parse(String yaml) {
        var documents = Repository.yaml(yaml);
        if (documents.size() != 1) {
            throw new IllegalArgumentException("One document, not " + documents.size());
        }
        var file = new TreeMap<>(documents.getFirst());
        file.keySet().removeIf(key -> key.startsWith("x-"));
        allow("docker-compose.yml", file, Set.of("services", "volumes"));
        var services = new TreeMap<String, Service>();
        Repository.object(file.get("services")).forEach((name, service) -> services.put(name,
                service(name, Repository.object(service))));
        var volumes = Repository.object(file.get("volumes"));
        volumes.forEach((name, options) -> {
            if (options != null) {
                throw new IllegalArgumentException("volume " + name + " has options");
            }
        });
        return new Compose(services, Set.copyOf(volumes.keySet()));
    }

    private static Service service(String name, Map<String, Object> service) {
        allow(name, service, Set.of("image", "build", "environment", "depends_on", "ports", "volumes", "healthcheck",
                "stop_grace_period", "restart"));
        Map<String, Object> build = part(service, "build");
        allow(name + ".build", build, Set.of("context", "args"));
        if (!build.isEmpty() && !".".equals(build.get("context"))) {
            throw new IllegalArgumentException(name + " is built from " + build.get("context"));
        }
        Map<String, Object> healthcheck = part(service, "healthcheck");
        allow(name + ".healthcheck", healthcheck,
                Set.of("test", "interval", "timeout", "retries", "start_period", "start_interval"));
        var dependsOn = new TreeMap<String, String>();
        part(service, "depends_on").forEach((other, condition) -> {
            allow(name + ".depends_on", Repository.object(condition), Set.of("condition"));
            dependsOn.put(other, text(Repository.object(condition).get("condition")));
        });
        return new Service(name, text(service.get("image")), texts(part(build, "args")), texts(part(service,
                "environment")),
                dependsOn, texts(service.get("ports")), texts(service.get("volumes")), healthcheck);
    }

    private static Map<String, Object> part(Map<String, Object> of, String name) {
        return of.containsKey(name) ? Repository.object(of.get(name)) : Map.of();
    }

    private static void allow(String where, Map<String, Object> object, Set<String> fields) {
        for (String field : object.keySet()) {
            if (!fields.contains(field)) {
                throw new IllegalArgumentException(where + " has the unknown field " + field);
            }
        }
    }

    private static Map<String, String> texts(Map<String, Object> object) {
        var texts = new TreeMap<String, String>();
        object.forEach((name, value) -> texts.put(name, text(value)));
        return texts;
    }

    private static List<String> texts(@org.jspecify.annotations.Nullable Object list) {
        return list == null ? List.of() : Repository.list(list).stream().map(Compose::text).toList();
    }

    private static String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("Not text: " + value);
    }
}
