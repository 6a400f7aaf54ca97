package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange.Operation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigChangeTest {

    @Test
    void settings_are_set_and_deleted_and_others_stay() {
        assertThat(apply(Map.of("retention.ms", "1", "flush.ms", "2"), ConfigChange.set("segment.ms", "3"), ConfigChange
                .delete("flush.ms"), ConfigChange.delete("retention.bytes"))).isEqualTo(Map.of("retention.ms", "1",
                        "segment.ms", "3"));
    }

    @Test
    void values_are_appended_to_a_list_once_and_subtracted_from_it() {
        var append = new ConfigChange("cleanup.policy", Operation.APPEND, "compact");

        assertThat(apply(Map.of(), append)).isEqualTo(Map.of("cleanup.policy", "delete,compact"));
        assertThat(apply(Map.of("cleanup.policy", "delete, compact"), append)).isEqualTo(Map.of("cleanup.policy",
                "delete,compact"));
        assertThat(apply(Map.of("cleanup.policy", "delete,compact"), new ConfigChange("cleanup.policy",
                Operation.SUBTRACT, "delete"))).isEqualTo(Map.of("cleanup.policy", "compact"));
        assertThat(apply(Map.of(), new ConfigChange("cleanup.policy", Operation.SUBTRACT, "delete"))).isEqualTo(Map.of(
                "cleanup.policy", ""));
        assertThat(apply(Map.of("cleanup.policy", ""), append)).isEqualTo(Map.of("cleanup.policy", "compact"));
    }

    @Test
    void what_cannot_be_is_refused_by_name_and_code() {
        assertRefused(ErrorCode.INVALID_CONFIG, "no.such", ConfigChange.set("no.such", "1"));
        assertRefused(ErrorCode.INVALID_CONFIG, "no.such", ConfigChange.delete("no.such"));
        assertRefused(ErrorCode.INVALID_CONFIG, "retention.ms", ConfigChange.set("retention.ms", "soon"));
        assertRefused(ErrorCode.INVALID_CONFIG, "retention.ms", new ConfigChange("retention.ms", Operation.APPEND,
                "1"));
        assertRefused(ErrorCode.INVALID_REQUEST, "flush.ms", new ConfigChange("flush.ms", Operation.SET, null));
        assertRefused(ErrorCode.INVALID_REQUEST, "flush.ms", ConfigChange.set("flush.ms", "1"), ConfigChange.delete(
                "flush.ms"));
    }

    @Test
    void what_no_topic_has_here_may_be_taken_off_and_never_set() {
        String throttled = "leader.replication.throttled.replicas";

        assertThat(apply(Map.of(), ConfigChange.delete(throttled))).isEmpty();
        assertThat(apply(Map.of("from.the.future", "1"), ConfigChange.delete("from.the.future"))).isEmpty();
        assertRefused(ErrorCode.INVALID_CONFIG, throttled, ConfigChange.set(throttled, "*"));
    }

    @Test
    void what_another_version_stored_is_no_hindrance_to_other_changes() {
        var stored = Map.of("from.the.future", "1", "segment.bytes", "7", "cleanup.policy", "shred");

        var after = apply(stored, ConfigChange.set("retention.ms", "1"), new ConfigChange("cleanup.policy",
                Operation.APPEND, "compact"));

        assertThat(after).isEqualTo(Map.of("from.the.future", "1", "segment.bytes", "7", "retention.ms", "1",
                "cleanup.policy", "delete,compact"));
        assertThatThrownBy(() -> apply(stored, ConfigChange.set("segment.bytes", "8"))).hasMessageContaining(
                "segment.bytes");
    }

    @Test
    void settings_that_go_together_are_checked_when_one_of_them_changes() {
        var stored = Map.of("min.compaction.lag.ms", "5", "max.compaction.lag.ms", "1");

        assertThat(apply(stored, ConfigChange.set("retention.ms", "1"))).containsKey("retention.ms");
        assertThat(apply(stored, ConfigChange.delete("min.compaction.lag.ms"))).isEqualTo(Map.of(
                "max.compaction.lag.ms", "1"));
        assertThatThrownBy(() -> apply(stored, ConfigChange.set("max.compaction.lag.ms", "2"))).isInstanceOfSatisfying(
                RefusedException.class, refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_CONFIG));
    }

    private static Map<String, String> apply(Map<String, String> settings, ConfigChange... changes) {
        return ConfigChange.apply(settings, List.of(changes));
    }

    private static void assertRefused(ErrorCode code, String named, ConfigChange... changes) {
        assertThatThrownBy(() -> apply(Map.of(), changes)).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(code)).hasMessageContaining(named);
    }
}
