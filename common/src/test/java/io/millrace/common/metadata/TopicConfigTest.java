package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicConfig.Parsed.Invalid;
import io.millrace.common.metadata.TopicConfig.Parsed.Valid;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicConfigTest {

    @Test
    void nothing_set_gives_kafkas_defaults() {
        TopicConfig config = TopicConfig.DEFAULT;

        assertThat(config.segmentBytes()).isEqualTo(1 << 30);
        assertThat(config.segmentMs()).isEqualTo(7 * 86_400_000L);
        assertThat(config.maxMessageBytes()).isEqualTo(1_048_588);
        assertThat(config.timestampType()).isEqualTo(TimestampType.CREATE_TIME);
        assertThat(config.timestampAfterMaxMs()).isEqualTo(3_600_000);
        assertThat(config.retentionMs()).isEqualTo(7 * 86_400_000L);
        assertThat(config.retentionBytes()).isEqualTo(-1);
        assertThat(config.delete()).isTrue();
        assertThat(config.compact()).isFalse();
        assertThat(config.minInsyncReplicas()).isOne();
        assertThat(config.uncleanLeaderElection()).isFalse();
    }

    @Test
    void given_settings_are_taken() {
        assertThat(parse("cleanup.policy", "compact, delete")).isInstanceOfSatisfying(Valid.class, valid -> {
            assertThat(valid.config().compact()).isTrue();
            assertThat(valid.config().delete()).isTrue();
        });
        assertThat(parse("message.timestamp.type", "LogAppendTime")).isInstanceOfSatisfying(Valid.class,
                valid -> assertThat(valid.config().timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME));
        assertThat(parse("retention.ms", " 1000 ")).isInstanceOfSatisfying(Valid.class,
                valid -> assertThat(valid.config().retentionMs()).isEqualTo(1000));
    }

    @ParameterizedTest
    @CsvSource({"segment.bytes,1048575", "segment.bytes,2147483648", "segment.bytes,1k", "segment.ms,0",
            "retention.ms,-2", "retention.bytes,-2",
            "max.message.bytes,-1", "min.insync.replicas,0", "flush.messages,0", "cleanup.policy,shred",
            "cleanup.policy,''",
            "message.timestamp.type,Now", "unclean.leader.election.enable,yes", "compression.type,zstd",
            "preallocate,true", "no.such.setting,1",
            "remote.storage.enable,true"})
    void a_setting_that_cannot_be_is_refused_by_its_name(String key, String value) {
        assertThat(parse(key, value)).isInstanceOfSatisfying(Invalid.class, invalid -> {
            assertThat(invalid.key()).isEqualTo(key);
            assertThat(invalid.message()).contains(key);
        });
    }

    @Test
    void every_name_has_a_default_that_is_taken() {
        TopicConfig.defaults().forEach((name, value) -> assertThat(parse(name, value)).as(name).isEqualTo(new Valid(
                TopicConfig.DEFAULT)));
        assertThat(TopicConfig.names()).isEqualTo(TopicConfig.defaults().keySet());
    }

    private static TopicConfig.Parsed parse(String key, String value) {
        return TopicConfig.parse(Map.of(key, value));
    }
}
