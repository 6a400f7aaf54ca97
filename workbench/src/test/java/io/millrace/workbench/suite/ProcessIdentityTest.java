package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    @Test
    void a_running_process_is_found() {
        assertThat(ProcessIdentity.ofThisProcess().find()).contains(ProcessHandle.current());
    }

    @Test
    void a_later_process_with_the_same_pid_is_another_one() {
        ProcessIdentity self = ProcessIdentity.ofThisProcess();
        assertThat(new ProcessIdentity(self.pid(), self.startedAtMs() - 60_000).isAlive()).isFalse();
    }

    @Test
    void an_ended_process_is_not_found() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ProcessIdentity identity = ProcessIdentity.of(ended.toHandle());
        ended.waitFor();
        assertThat(identity.find()).isEmpty();
    }
}
