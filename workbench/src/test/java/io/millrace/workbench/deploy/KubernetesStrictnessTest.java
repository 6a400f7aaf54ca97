package io.millrace.workbench.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the other tests' parser refuses what the API server would. */
class KubernetesStrictnessTest {
    private static final String GATEWAY = Repository.read("k8s/gateway.yaml");

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "replicas: 2 | replicaz: 2",
            "containerPort: 8080 | containrPort: 8080",
            "runAsNonRoot: true | runAsNonroot: true",
            "path: /actuator/health/readiness | paht: /actuator/health/readiness",
            "emptyDir: {} | emptyDirectory: {}",
            "maxUnavailable: 1 | maxUnavailabel: 1",
            "kind: Deployment | kind: Deploymant",
            "apiVersion: policy/v1 | apiVersion: policy/v1beta1",
    })
    void an_unknown_field_or_kind_is_refused(String right, String wrong) {
        assertThat(GATEWAY).contains(right);

        assertThatThrownBy(() -> KubernetesObjects.parse(GATEWAY.replaceFirst(right.replace("{}", "\\{}"), wrong)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(wrong.contains("apiVersion") ? "policy/v1beta1" : lastWord(wrong));
    }

    private static String lastWord(String wrong) {
        return wrong.startsWith("kind") ? "Deploymant" : wrong.substring(0, wrong.indexOf(':'));
    }

    @Test
    void a_number_where_text_is_needed_is_refused() {
        assertThat(GATEWAY).contains("value: \"8080\"");

        assertThatThrownBy(() -> KubernetesObjects.parse(GATEWAY.replace("value: \"8080\"", "value: 8080")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_field_that_is_there_twice_is_refused() {
        assertThatThrownBy(() -> KubernetesObjects.parse(GATEWAY.replaceFirst("replicas: 2",
                "replicas: 2\n  replicas: 3")))
                .hasMessageContaining("replicas");
    }
}
