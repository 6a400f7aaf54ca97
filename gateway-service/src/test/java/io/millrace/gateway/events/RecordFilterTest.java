package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordFilterTest {
    private static final String ORDER = """
            {"id":17,"total":99.50,"paid":true,"note":null,"customer":{"name":"Ann","tags":["new","vip"]},"a/b":{"~":"odd"},"n":"5"}""";

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            /customer/name=Ann        | true
            /customer/name="Ann"      | true
            /customer/name=Bob        | false
            /customer/tags/1=vip      | true
            /customer/tags/01=vip     | false
            /customer/tags/2=vip      | false
            /customer/tags/x=vip      | false
            /id=17                    | true
            /id=17.0                  | true
            /id="17"                  | false
            /total=99.5               | true
            /total=much               | false
            /paid=true                | true
            /paid=false               | false
            /note=null                | true
            /absent=null              | false
            /a~1b/~0=odd              | true
            /n=5                      | true
            /customer={}              | false
            /customer/name/first=Ann  | false
            /note=                    | false
            """)
    void a_value_is_looked_at_where_a_json_pointer_leads(String where, boolean shown) {
        assertThat(shows(Map.of("where", new String[]{where}), "k", ORDER)).isEqualTo(shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no json", "{\"id\":", "[17]", "17"})
    void a_value_that_has_nothing_there_is_not_shown(String value) {
        assertThat(shows(Map.of("where", new String[]{"/id=17"}), "k", value)).isFalse();
    }

    @Test
    void a_tombstone_is_shown_by_its_key_but_holds_no_value() {
        assertThat(shows(Map.of("key", new String[]{"k"}), "k", null)).isTrue();
        assertThat(shows(Map.of("where", new String[]{"/id=17"}), "k", null)).isFalse();
    }

    @Test
    void one_of_several_keys_is_enough_and_a_key_may_be_stored_as_json() {
        var filter = Map.of("key", new String[]{"a", "b\u00e9"});

        assertThat(shows(filter, "a", "1")).isTrue();
        assertThat(shows(filter, "b\u00e9", "1")).isTrue();
        assertThat(shows(filter, "\"b\\u00e9\"", "1")).isTrue();
        assertThat(shows(filter, "c", "1")).isFalse();
        assertThat(shows(filter, "\"c\"", "1")).isFalse();
        assertThat(shows(filter, null, "1")).isFalse();
    }

    @Test
    void every_header_asked_for_must_have_one_of_its_values() {
        var web = new RecordHeader("source", "web".getBytes(UTF_8));
        var shop = new RecordHeader("source", "shop".getBytes(UTF_8));
        var empty = new RecordHeader("source", null);
        var sweden = new RecordHeader("country", "SE".getBytes(UTF_8));
        var filter = Map.of("header.source", new String[]{"web", "app"}, "header.country", new String[]{"SE"});

        assertThat(shows(filter, "k", "1", shop, web, sweden)).isTrue();
        assertThat(shows(filter, "k", "1", web)).isFalse();
        assertThat(shows(filter, "k", "1", shop, sweden)).isFalse();
        assertThat(shows(filter, "k", "1", empty, sweden)).isFalse();
        assertThat(shows(filter, "k", "1")).isFalse();
    }

    @Test
    void conditions_of_all_kinds_hold_together() {
        var filter = Map.of("key", new String[]{"k"}, "where", new String[]{"/id=17", "/paid=true"});

        assertThat(shows(filter, "k", ORDER)).isTrue();
        assertThat(shows(filter, "other", ORDER)).isFalse();
        assertThat(shows(filter, "k", "{\"id\":17,\"paid\":false}")).isFalse();
    }

    @Test
    void filters_of_equal_meaning_are_equal() {
        assertThat(RecordFilter.of(Map.of("key", new String[]{"a", "b", "a"}, "where", new String[]{"/x=1", "/y=2"})))
                .isEqualTo(RecordFilter.of(Map.of("key", new String[]{"b", "a"}, "where", new String[]{"/y=2",
                        "/x=1"})));
        assertThat(RecordFilter.of(Map.of("from", new String[]{"earliest"}))).isSameAs(RecordFilter.NONE);
    }

    @ParameterizedTest
    @CsvSource({"where, id=17", "where, /id", "where, /a~2b=1", "where, /a~=1", "header., x"})
    void a_filter_that_cannot_be_is_refused_by_its_name(String name, String value) {
        assertThatThrownBy(() -> RecordFilter.of(Map.of(name, new String[]{value}))).isInstanceOfSatisfying(
                RefusedException.class, refused -> {
                    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_SETTING);
                    assertThat(refused.getMessage()).startsWith(name + ": ");
                });
    }

    @Test
    void there_may_be_only_so_many_conditions_of_some_length() {
        var many = new String[17];
        java.util.Arrays.fill(many, "x");

        assertThatThrownBy(() -> RecordFilter.of(Map.of("key", many))).hasMessageContaining("17 conditions");
        assertThatThrownBy(() -> RecordFilter.of(Map.of("key", new String[]{"x".repeat(2000)}))).hasMessageContaining(
                "1024");
    }

    private static boolean shows(Map<String, String[]> parameters, @Nullable String key, @Nullable String value,
            Header... headers) {
        var records = MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1, key == null ? null
                : key.getBytes(
                        UTF_8), value == null ? null : value.getBytes(UTF_8), headers));
        var cursor = new RecordCursor(records.buffer(), 0);
        assertThat(cursor.next()).isTrue();
        return RecordFilter.of(parameters).matcher().matches(cursor);
    }
}
