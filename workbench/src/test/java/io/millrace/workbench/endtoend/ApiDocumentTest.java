package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiDocumentTest {
    private static final ApiDocument DOCUMENT = new ApiDocument("""
            {"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
             "paths": {
              "/things/{thing}": {
               "post": {
                "parameters": [{"name": "thing", "in": "path", "required": true, "example": "a b"},
                  {"name": "wait", "in": "query", "example": 5}, {"name": "other", "in": "query"},
                  {"name": "Millrace-Key", "in": "header", "example": "k"}],
                "requestBody": {"content": {
                  "application/json": {"examples": {"one": {"value": {"n": 1}}, "two": {"value": {"n": 2}}}},
                  "text/plain": {"examples": {"text": {"value": "as it is"}}}}},
                "responses": {
                  "200": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "text/event-stream": {"schema": {"oneOf": [{"$ref": "#/components/schemas/Record"},
                      {"type": "object", "properties": {"retry": {"type": "integer"}}},
                      {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}]}}}},
                  "204": {}, "404": {}}},
               "delete": {"parameters": [{"name": "thing", "in": "path", "required": true}], "responses": {"204": {}}},
               "put": {"requestBody": {"content": {"application/json": {}}}, "responses": {"204": {}}}}},
             "components": {"schemas": {"Record": {"type": "object", "required": ["event", "data"], "properties": {
               "event": {"enum": ["record"]}, "id": {"type": "string"}, "data": {"$ref": "#/components/schemas/Thing"}}},
              "Thing": {"type": "object", "required": ["id"], "properties": {
               "id": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]}}}}}}
            """);

    @Test
    void each_example_of_each_media_type_is_a_request() {
        var examples = DOCUMENT.operation("POST /things/{thing}").examples();

        assertThat(examples).extracting(ApiOperation.Example::address).containsOnly("/things/a%20b?wait=5");
        assertThat(examples).extracting(ApiOperation.Example::headers).containsOnly(Map.of("Millrace-Key", "k"));
        assertThat(examples).extracting(ApiOperation.Example::body).containsExactly("{\"n\":1}", "{\"n\":2}",
                "as it is");
    }

    @ParameterizedTest
    @CsvSource({"DELETE /things/{thing},no example of its parameter thing",
            "PUT /things/{thing},no example of a body of type application/json"})
    void an_operation_that_cannot_be_tried_is_told_by_name(String name, String complaint) {
        assertThatThrownBy(() -> DOCUMENT.operation(name).examples()).isInstanceOf(AssertionError.class)
                .hasMessageContaining(name).hasMessageContaining(complaint);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"200|application/json|{\"id\":1}",
            "200|application/json|{\"id\":1} {\"id\":2}",
            "200|application/json|{\"id\":1,\"next\":{\"id\":2,\"next\":null}}",
            "200|application/x-ndjson|'{\"id\":1}\n{\"id\":2}\n'",
            "200|text/event-stream|'retry: 7\n\nid: 1\n\nevent: record\nid: 2\ndata: {\"id\":1}\n\n: still here\n\n'",
            "204|''|''"})
    void what_is_documented_fits(int status, String mediaType, String body) {
        assertThat(DOCUMENT.misfits(DOCUMENT.operation("POST /things/{thing}"), status, mediaType, body)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"404|application/json|{\"id\":1}", "201|application/json|{\"id\":1}",
            "200|application/xml|<a/>", "200|application/json|''", "200|application/json|{\"id\":1",
            "200|application/json|{\"id\":\"one\"}", "200|application/json|{}", "200|application/json|[{\"id\":1}]",
            "200|application/json|{\"id\":1,\"unknown\":true}",
            "200|application/json|{\"id\":1,\"next\":{\"id\":\"x\"}}",
            "200|application/x-ndjson|'{\"id\":1}\n{\"id\":\"x\"}\n'", "200|text/event-stream|{\"id\":1}",
            "200|text/event-stream|'retry: 7\n\nid: 1\n\n'", "200|text/event-stream|''",
            "200|text/event-stream|'event: record\ndata: {\"id\":\"x\"}\n\n'",
            "200|text/event-stream|'event: record\ndata: {\n\n'",
            "200|text/event-stream|'event: record\ndata: {\"id\":1}\n\nevent: other\ndata: {}\n\n'", "204|''|x"})
    void what_is_not_documented_is_told(int status, String mediaType, String body) {
        assertThat(DOCUMENT.misfits(DOCUMENT.operation("POST /things/{thing}"), status, mediaType, body)).isNotEmpty();
    }

    @Test
    void a_refusal_is_as_documented_only_where_refusals_are_asked_for() {
        var post = DOCUMENT.operation("POST /things/{thing}");

        assertThat(DOCUMENT.misfits(post, 404, "", "")).isNotEmpty();
        assertThat(DOCUMENT.misfitsOfAny(post, 404, "", "")).isEmpty();
        assertThat(DOCUMENT.misfitsOfAny(post, 409, "", "")).isNotEmpty();
    }

    @Test
    void an_operation_that_there_is_not_is_told() {
        assertThat(DOCUMENT.operations()).containsOnlyKeys("DELETE /things/{thing}", "POST /things/{thing}",
                "PUT /things/{thing}");
        assertThatThrownBy(() -> DOCUMENT.operation("GET /nothing")).hasMessageContaining("GET /nothing");
    }
}
