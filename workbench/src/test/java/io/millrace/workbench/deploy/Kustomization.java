package io.millrace.workbench.deploy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** k8s/ as it is applied. */
final class Kustomization {
    static final String DIRECTORY = "k8s/";

    private Kustomization() {}

    static Map<String, Object> file() {
        return Repository.yaml(Repository.read(DIRECTORY + "kustomization.yaml")).getFirst();
    }

    static List<String> resources() {
        return Repository.list(file().get("resources")).stream().map(Object::toString).toList();
    }

    static List<HasMetadata> objects() {
        return resources().stream()
                .flatMap(resource -> KubernetesObjects.parse(Repository.read(DIRECTORY + resource)).stream())
                .toList();
    }

    static <T extends HasMetadata> Stream<T> objects(Class<T> type) {
        return objects().stream().filter(type::isInstance).map(type::cast);
    }

    static <T extends HasMetadata> T object(Class<T> type, String name) {
        return objects(type)
                .filter(object -> object.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("There is no " + type.getSimpleName() + " " + name));
    }

    /** What runs pods. */
    record Workload(String name, ObjectMeta podMeta, PodSpec pod) {
        Container container() {
            if (pod.getContainers().size() != 1) {
                throw new AssertionError(name + " has " + pod.getContainers().size() + " containers");
            }
            return pod.getContainers().getFirst();
        }

        boolean isService() {
            return container().getImage().startsWith("millrace/");
        }

        /** The module that its image is built from. */
        String module() {
            return container().getImage().substring("millrace/".length());
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Workload> workloads() {
        var deployments = objects(Deployment.class).map(deployment -> new Workload(
                deployment.getMetadata().getName(),
                deployment.getSpec().getTemplate().getMetadata(),
                deployment.getSpec().getTemplate().getSpec()));
        var statefulSets = objects(StatefulSet.class).map(set -> new Workload(
                set.getMetadata().getName(),
                set.getSpec().getTemplate().getMetadata(),
                set.getSpec().getTemplate().getSpec()));
        return Stream.concat(deployments, statefulSets).toList();
    }

    static List<Workload> services() {
        return workloads().stream().filter(Workload::isService).toList();
    }
}
