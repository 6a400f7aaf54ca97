package io.millrace.workbench.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void the_resident_memory_of_this_process_is_some_and_less_than_the_machine_has() throws Exception {
        assertThat(Memory.residentMib(ProcessHandle.current().pid())).isBetween(10.0, 100_000.0);
    }

    @Test
    void an_ended_process_has_no_memory_to_report() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        assertThatThrownBy(() -> Memory.residentMib(ended.pid())).isInstanceOf(Exception.class);
    }
}
