package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SuiteSizeTest {
    @Test
    void the_first_of_several_keeps_the_plain_name() {
        assertThat(SuiteSize.name("gateway", 0)).isEqualTo("gateway");
        assertThat(SuiteSize.name("gateway", 1)).isEqualTo("gateway-1");
    }

    @Test
    void a_count_out_of_range_is_refused_by_its_option() {
        assertThatThrownBy(() -> new SuiteSize(1, 1, 0, 1)).isInstanceOf(LaunchRefusedException.class)
                .hasMessageContaining("--gateways 0");
        assertThatThrownBy(() -> SuiteSize.ofBrokers(17)).hasMessageContaining("--brokers 17");
    }
}
