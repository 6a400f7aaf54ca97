package io.millrace.gateway.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.metadata.TopicImage;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyKeysTest {
    private static final TopicImage TOPIC = new TopicImage(new Uuid(1, 2), "orders", Map.of(), List.of());

    @Test
    void without_the_header_there_is_no_key() {
        assertThat(IdempotencyKeys.read(null, TOPIC)).isNull();
    }

    @Test
    void quotes_are_the_headers_and_not_the_keys() {
        assertThat(IdempotencyKeys.read("\"8e03 97\"", TOPIC)).isNotNull().isEqualTo(IdempotencyKeys.read(" 8e03 97 ",
                TOPIC));
        assertThat(IdempotencyKeys.read("\"a\\\"b\\\\\"", TOPIC)).isNotNull().isNotEqualTo(IdempotencyKeys.read(
                "\"ab\"",
                TOPIC));
        assertThat(IdempotencyKeys.read("\"\\a\"", TOPIC)).isEqualTo(IdempotencyKeys.read("a", TOPIC));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "\"\"", "\"open", "\"", "a\"b", "\"a\"b\"", "\"a\\\"", "a\tb", "schlüssel",
            "LONG"})
    void what_is_no_key_is_refused(String header) {
        String sent = header.equals("LONG") ? "x".repeat(256) : header;

        assertThatThrownBy(() -> IdempotencyKeys.read(sent, TOPIC)).hasMessageContaining("Idempotency-Key");
    }
}
