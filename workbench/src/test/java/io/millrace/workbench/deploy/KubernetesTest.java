package io.millrace.workbench.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.millrace.workbench.deploy.Kustomization.Workload;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** k8s/ compared with itself and with what the services read. */
class KubernetesTest {
    static List<Workload> workloads() {
        return Kustomization.workloads();
    }

    static List<Workload> services() {
        return Kustomization.services();
    }

    @Test
    void every_file_is_a_resource_and_every_object_is_understood() throws IOException {
        try (Stream<java.nio.file.Path> files = Files.list(Repository.ROOT.resolve(Kustomization.DIRECTORY))) {
            var names = files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("kustomization.yaml"))
                    .toList();
            assertThat(Kustomization.resources()).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(names);
        }
        assertThat(Kustomization.objects()).hasSizeGreaterThan(10);
        assertThat(Kustomization.objects().stream().map(object -> object.getKind() + "/" + object.getMetadata()
                .getName()))
                .doesNotHaveDuplicates();
    }

    @Test
    void the_kustomization_has_only_known_fields_and_tags_every_image_of_ours() {
        var file = Kustomization.file();
        assertThat(file.keySet()).isSubsetOf("apiVersion", "kind", "namespace", "labels", "resources", "images");
        assertThat(Repository.list(file.get("images")).stream().map(image -> Repository.object(image).get("name")))
                .containsExactlyInAnyOrderElementsOf(
                        services().stream().map(workload -> (Object) workload.container().getImage()).toList());
    }

    @Test
    void every_service_module_runs() {
        assertThat(services().stream().map(Workload::module)).containsExactlyInAnyOrderElementsOf(Repository
                .serviceModules());
    }

    @ParameterizedTest
    @MethodSource("services")
    void every_environment_key_is_read_by_the_service(Workload workload) {
        assertThat(environment(workload).keySet().stream().filter(key -> key.startsWith("MILLRACE_")))
                .isNotEmpty()
                .allSatisfy(key -> assertThat(ServiceConfiguration.of(workload.module()).environmentKeys()).contains(
                        key));
    }

    @ParameterizedTest
    @MethodSource("services")
    void container_ports_are_those_the_service_listens_on_by_default_and_in_this_environment(Workload workload) {
        var configuration = ServiceConfiguration.of(workload.module());
        var ports = workload.container().getPorts().stream().map(ContainerPort::getContainerPort).collect(Collectors
                .toSet());

        assertThat(ports).isEqualTo(configuration.ports(environment(workload)));
        assertThat(ports).isEqualTo(configuration.ports(Map.of("MILLRACE_BROKER_ID", "0")));
    }

    @ParameterizedTest
    @MethodSource("services")
    void probes_ask_for_health_where_it_is(Workload workload) {
        var container = workload.container();
        assertProbe(workload, container.getStartupProbe(), "liveness");
        assertProbe(workload, container.getLivenessProbe(), "liveness");
        assertProbe(workload, container.getReadinessProbe(), "readiness");
        int startSeconds = container.getStartupProbe().getPeriodSeconds() * container.getStartupProbe()
                .getFailureThreshold();
        assertThat(startSeconds).as("longer than the service waits for PostgreSQL").isGreaterThan(120);
    }

    private static void assertProbe(Workload workload, Probe probe, String group) {
        var configuration = ServiceConfiguration.of(workload.module());
        HTTPGetAction get = probe.getHttpGet();
        assertThat(get.getPath()).isEqualTo("/actuator/health/" + group);
        assertThat(configuration.healthGroups()).contains(group);
        assertThat(portOf(workload, get.getPort())).isEqualTo(configuration.managementPort(environment(workload)));
    }

    private static int portOf(Workload workload, IntOrString port) {
        return workload.container().getPorts().stream()
                .filter(candidate -> candidate.getName().equals(port.getStrVal()))
                .map(ContainerPort::getContainerPort)
                .findFirst()
                .orElseThrow(() -> new AssertionError(workload + " has no port named " + port.getStrVal()));
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void pods_meet_the_restricted_security_standard_and_write_only_where_they_may(Workload workload) {
        var pod = workload.pod();
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
        assertThat(pod.getEnableServiceLinks()).as("service links set MILLRACE_*_PORT").isFalse();
        assertThat(pod.getTerminationGracePeriodSeconds()).isGreaterThanOrEqualTo(45);
        var container = workload.container();
        assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
        assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(container.getResources().getRequests()).containsOnlyKeys("cpu", "memory");
        assertThat(container.getResources().getLimits()).containsKey("memory");
        assertThat(container.getVolumeMounts().stream().map(VolumeMount::getMountPath)).contains("/tmp");
    }

    @ParameterizedTest
    @MethodSource("services")
    void pods_run_as_the_images_user(Workload workload) {
        var context = workload.pod().getSecurityContext();
        assertThat(context.getRunAsUser() + ":" + context.getRunAsGroup()).isEqualTo(Dockerfile.read().user());
        assertThat(context.getFsGroup()).isEqualTo(context.getRunAsGroup());
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void every_mount_has_its_volume_and_every_volume_its_mount(Workload workload) {
        var volumes = new ArrayList<String>();
        workload.pod().getVolumes().forEach(volume -> volumes.add(volume.getName()));
        Kustomization.objects(StatefulSet.class)
                .filter(set -> set.getMetadata().getName().equals(workload.name()))
                .forEach(set -> set.getSpec().getVolumeClaimTemplates()
                        .forEach(claim -> volumes.add(claim.getMetadata().getName())));
        assertThat(workload.container().getVolumeMounts().stream().map(VolumeMount::getName))
                .containsExactlyInAnyOrderElementsOf(volumes);
    }

    @Test
    void brokers_keep_their_identity_and_their_logs() {
        var set = Kustomization.object(StatefulSet.class, "millrace-broker");
        var broker = services().stream().filter(workload -> workload.name().equals("millrace-broker")).findFirst()
                .orElseThrow();
        var id = broker.container().getEnv().stream()
                .filter(variable -> variable.getName().equals("MILLRACE_BROKER_ID"))
                .findFirst()
                .orElseThrow();

        assertThat(set.getSpec().getReplicas()).isEqualTo(3);
        assertThat(set.getSpec().getPodManagementPolicy()).isEqualTo("Parallel");
        assertThat(id.getValueFrom().getFieldRef().getFieldPath()).isEqualTo(
                "metadata.labels['apps.kubernetes.io/pod-index']");
        assertThat(environment(broker).get("MILLRACE_ADVERTISED_HOST"))
                .isEqualTo("$(POD_NAME)." + set.getSpec().getServiceName() + ".$(POD_NAMESPACE).svc");
        assertThat(broker.container().getVolumeMounts())
                .anySatisfy(mount -> {
                    assertThat(mount.getMountPath()).isEqualTo(environment(broker).get("MILLRACE_DATA_DIR"));
                    assertThat(mount.getName()).isEqualTo(
                            set.getSpec().getVolumeClaimTemplates().getFirst().getMetadata().getName());
                });
        assertThat(environment(broker).get("MILLRACE_DATA_DIR")).isEqualTo(Dockerfile.DATA_DIRECTORY);
    }

    @Test
    void every_stateful_set_has_its_headless_service() {
        assertThat(Kustomization.objects(StatefulSet.class)).isNotEmpty().allSatisfy(set -> {
            var service = Kustomization.object(Service.class, set.getSpec().getServiceName());
            assertThat(service.getSpec().getClusterIP()).isEqualTo("None");
        });
    }

    @Test
    void every_service_selects_one_workload_and_names_its_ports() {
        assertThat(Kustomization.objects(Service.class)).hasSize(workloads().size()).allSatisfy(service -> {
            var workload = selected(service.getSpec().getSelector());
            for (ServicePort port : service.getSpec().getPorts()) {
                assertThat(portOf(workload, port.getTargetPort())).isEqualTo(port.getPort());
            }
        });
    }

    @Test
    void every_disruption_budget_selects_one_workload() {
        assertThat(Kustomization.objects(PodDisruptionBudget.class)).isNotEmpty().allSatisfy(
                budget -> assertThat(selected(budget.getSpec().getSelector().getMatchLabels()).name())
                        .isEqualTo(budget.getMetadata().getName()));
    }

    private static Workload selected(Map<String, String> selector) {
        var selected = workloads().stream()
                .filter(workload -> workload.podMeta().getLabels().entrySet().containsAll(selector.entrySet()))
                .toList();
        assertThat(selected).as("%s", selector).hasSize(1);
        return selected.getFirst();
    }

    @Test
    void addresses_in_the_configuration_are_those_of_services() {
        var data = Kustomization.object(ConfigMap.class, "millrace").getData();
        assertServiceExists(URI.create(data.get("MILLRACE_OFFSET_URL")));
        assertServiceExists(URI.create(data.get("MILLRACE_POSTGRES_URL").substring("jdbc:".length())));
    }

    private static void assertServiceExists(URI url) {
        assertThat(Kustomization.object(Service.class, url.getHost()).getSpec().getPorts().stream().map(
                ServicePort::getPort))
                .contains(url.getPort());
    }

    @Test
    void postgres_is_made_with_what_the_services_use() {
        var postgres = workloads().stream().filter(workload -> !workload.isService()).findFirst().orElseThrow();
        var config = Kustomization.object(ConfigMap.class, "millrace").getData();
        var secret = Kustomization.object(Secret.class, "millrace-postgres").getStringData();

        assertThat(environment(postgres))
                .containsEntry("POSTGRES_USER", secret.get("MILLRACE_POSTGRES_USER"))
                .containsEntry("POSTGRES_PASSWORD", secret.get("MILLRACE_POSTGRES_PASSWORD"));
        assertThat(config.get("MILLRACE_POSTGRES_URL")).endsWith("/" + environment(postgres).get("POSTGRES_DB"));
    }

    /** What the container sees; a value from the pod's own fields is that field's name. Fails on a reference to nothing. */
    private static Map<String, String> environment(Workload workload) {
        var environment = new HashMap<String, String>();
        workload.container().getEnvFrom().forEach(source -> {
            if (source.getConfigMapRef() != null) {
                environment.putAll(Kustomization.object(ConfigMap.class, source.getConfigMapRef().getName()).getData());
            }
            if (source.getSecretRef() != null) {
                environment.putAll(Kustomization.object(Secret.class, source.getSecretRef().getName()).getStringData());
            }
        });
        Set<String> own = new HashSet<>();
        workload.container().getEnv().forEach(variable -> {
            assertThat(own.add(variable.getName())).as(variable.getName() + " is set twice").isTrue();
            var from = variable.getValueFrom();
            if (from == null) {
                environment.put(variable.getName(), variable.getValue());
            } else if (from.getFieldRef() != null) {
                environment.put(variable.getName(), from.getFieldRef().getFieldPath());
            } else {
                var reference = from.getSecretKeyRef();
                environment.put(variable.getName(), Objects.requireNonNull(
                        Kustomization.object(Secret.class, reference.getName()).getStringData().get(reference
                                .getKey())));
            }
        });
        return environment;
    }
}
