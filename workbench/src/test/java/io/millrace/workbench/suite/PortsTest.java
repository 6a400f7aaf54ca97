package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class PortsTest {
    private static final SuiteSize LARGEST = new SuiteSize(SuiteSize.MAX_BROKERS, SuiteSize.MAX_OTHERS,
            SuiteSize.MAX_OTHERS, SuiteSize.MAX_OTHERS);

    @Test
    void each_port_has_a_default_and_a_variable() {
        assertThat(Ports.of(Map.of())).isEqualTo(new Ports(5433, 8084, 8083, 8080, 8081, 8190, 9092, 9192));
        assertThat(Ports.of(Map.of(
                "MILLRACE_POSTGRES_PORT", "1",
                "MILLRACE_OFFSET_HTTP_PORT", "2",
                "MILLRACE_COORDINATOR_HTTP_PORT", "3",
                "MILLRACE_GATEWAY_PORT", "4",
                "MILLRACE_GATEWAY_MANAGEMENT_PORT", "5",
                "MILLRACE_BROKER_HTTP_PORT", "6",
                "MILLRACE_BROKER_KAFKA_PORT", "7",
                "MILLRACE_COORDINATOR_KAFKA_PORT", "8"))).isEqualTo(new Ports(1, 2, 3, 4, 5, 6, 7, 8));
    }

    @Test
    void brokers_count_up_from_the_base() {
        Ports ports = Ports.of(Map.of());
        assertThat(ports.brokerHttp(2)).isEqualTo(8192);
        assertThat(ports.brokerKafka(2)).isEqualTo(9094);
    }

    @Test
    void the_second_process_of_a_service_listens_a_step_above_the_first() {
        Ports ports = Ports.of(Map.of());
        assertThat(ports.gateway(1)).isEqualTo(8180);
        assertThat(ports.gatewayManagement(1)).isEqualTo(8181);
        assertThat(ports.coordinator(1)).isEqualTo(8183);
        assertThat(ports.offset(1)).isEqualTo(8184);
        assertThat(ports.coordinatorKafka(1)).isEqualTo(9292);
    }

    @Test
    void no_two_processes_share_a_port_in_the_largest_suite() {
        for (Ports ports : List.of(Ports.of(Map.of()), FreePorts.find(LARGEST, RandomGenerator.getDefault()))) {
            assertThat(all(ports)).doesNotHaveDuplicates();
        }
    }

    private static List<Integer> all(Ports ports) {
        List<Integer> all = new ArrayList<>(List.of(ports.postgres()));
        for (int broker = 0; broker < LARGEST.brokers(); broker++) {
            all.addAll(List.of(ports.brokerHttp(broker), ports.brokerKafka(broker)));
        }
        for (int index = 0; index < SuiteSize.MAX_OTHERS; index++) {
            all.addAll(List.of(ports.offset(index), ports.coordinator(index), ports.coordinatorKafka(index),
                    ports.gateway(index),
                    ports.gatewayManagement(index)));
        }
        return all;
    }

    @Test
    void what_is_not_a_port_is_refused_by_name() {
        assertThatThrownBy(() -> Ports.of(Map.of("MILLRACE_GATEWAY_PORT", "http")))
                .isInstanceOf(LaunchRefusedException.class).hasMessageContaining("MILLRACE_GATEWAY_PORT=http");
        assertThatThrownBy(() -> Ports.of(Map.of("MILLRACE_GATEWAY_PORT", "70000")))
                .isInstanceOf(LaunchRefusedException.class).hasMessageContaining("MILLRACE_GATEWAY_PORT=70000");
    }
}
