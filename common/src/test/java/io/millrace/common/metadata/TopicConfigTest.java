package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicConfig.Parsed.Invalid;
import io.millrace.common.metadata.TopicConfig.Parsed.Valid;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TopicConfigTest {

    @Test
    void every_setting_that_kafkas_topics_have_is_known_here_or_refused_with_a_reason() throws IllegalAccessException {
        for (Field constant : org.apache.kafka.common.config.TopicConfig.class.getFields()) {
            if (constant.getName().endsWith("_CONFIG") && !constant.isAnnotationPresent(Deprecated.class)) {
                String name = (String) constant.get(null);
                assertThat(TopicConfigKey.named(name) != null || TopicConfigKey.isNeverSet(name)).as(name).isTrue();
            }
        }
    }

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
        for (String none : List.of("", " ")) {
            assertThat(parse("cleanup.policy", none)).isInstanceOfSatisfying(Valid.class, valid -> {
                assertThat(valid.config().compact()).isFalse();
                assertThat(valid.config().delete()).isFalse();
            });
        }
    }

    @Test
    void flags_are_taken_in_any_case_of_letters() {
        assertThat(parse("unclean.leader.election.enable", "TRUE")).isInstanceOfSatisfying(Valid.class,
                valid -> assertThat(valid.config().uncleanLeaderElection()).isTrue());
        assertThat(parse("unclean.leader.election.enable", "False")).isEqualTo(new Valid(TopicConfig.DEFAULT));
        assertThat(parse("preallocate", "FALSE")).isEqualTo(new Valid(TopicConfig.DEFAULT));
    }

    @ParameterizedTest
    @CsvSource({"segment.bytes,1048575", "segment.bytes,2147483648", "segment.bytes,1k", "segment.ms,0",
            "retention.ms,-2", "retention.bytes,-2",
            "max.message.bytes,-1", "min.insync.replicas,0", "flush.messages,0", "cleanup.policy,shred",
            "cleanup.policy,','",
            "message.timestamp.type,Now", "unclean.leader.election.enable,yes", "compression.type,brotli",
            "compression.gzip.level,0", "compression.zstd.level,23", "cleanup.policy,'delete,delete'",
            "min.cleanable.dirty.ratio,1.5", "min.cleanable.dirty.ratio,half",
            "leader.replication.throttled.replicas,*",
            "preallocate,true", "no.such.setting,1",
            "remote.storage.enable,true"})
    void a_setting_that_cannot_be_is_refused_by_its_name(String key, String value) {
        assertThat(parse(key, value)).isInstanceOfSatisfying(Invalid.class, invalid -> {
            assertThat(invalid.key()).isEqualTo(key);
            assertThat(invalid.message()).contains(key);
        });
    }

    @ParameterizedTest
    @EnumSource
    void every_setting_has_a_default_that_is_taken_and_says_what_it_is_for(TopicConfigKey key) {
        assertThat(parse(key.configName(), key.defaultValue())).isEqualTo(new Valid(TopicConfig.DEFAULT));
        assertThat(TopicConfigKey.named(key.configName())).isEqualTo(key);
        assertThat(key.documentation()).isNotBlank();
        assertThat(key.view(Map.of()).source()).isEqualTo(ConfigSource.DEFAULT_CONFIG);
        assertThat(key.view(Map.of(key.configName(), key.defaultValue())).synonyms()).containsExactly(
                new ConfigView.Synonym(key.configName(), key.defaultValue(), ConfigSource.TOPIC_CONFIG),
                new ConfigView.Synonym(key.brokerName(), key.defaultValue(), ConfigSource.DEFAULT_CONFIG));
    }

    @Test
    void the_codec_is_taken_with_its_own_level() {
        var settings = Map.of("compression.type", "zstd", "compression.zstd.level", "7", "compression.gzip.level", "2");

        assertThat(TopicConfig.ofStored(settings).compression()).isEqualTo(new TopicCompression(
                TopicCompression.Codec.ZSTD, 7));
        assertThat(TopicConfig.DEFAULT.compression()).isEqualTo(TopicCompression.AS_SENT);
    }

    @Test
    void one_setting_may_not_contradict_another() {
        assertThat(TopicConfig.parse(Map.of("min.compaction.lag.ms", "2", "max.compaction.lag.ms", "1")))
                .isInstanceOf(Invalid.class);
    }

    @Test
    void what_another_version_stored_leaves_the_rest_as_it_is() {
        var stored = Map.of("retention.ms", "-1", "segment.bytes", "7", "from.the.future", "1");

        assertThat(TopicConfig.ofStored(stored).retentionMs()).isEqualTo(-1);
        assertThat(TopicConfig.ofStored(stored).segmentBytes()).isEqualTo(1 << 30);
        assertThat(TopicConfigKey.SEGMENT_BYTES.view(stored)).isEqualTo(TopicConfigKey.SEGMENT_BYTES.view(Map.of()));
    }

    private static TopicConfig.Parsed parse(String key, String value) {
        return TopicConfig.parse(Map.of(key, value));
    }
}
