package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.server.PathContainer;
import org.springframework.mock.web.MockHttpServletRequest;

class BaseUriTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -                                                                       | http://gw:8080/consumers/g/instances/i
            Forwarded: host=shop.example;proto=https                                | https://shop.example:443/consumers/g/instances/i
            Forwarded: for=1.2.3.4;host="shop.example:8443";proto=https, host=inner | https://shop.example:8443/consumers/g/instances/i
            Forwarded: proto=http;host="[2001:db8::1]"                              | http://[2001:db8::1]:80/consumers/g/instances/i
            Forwarded: for=1.2.3.4                                                  | http://gw:8080/consumers/g/instances/i
            Forwarded: host="evil/<script>"                                         | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Host: shop.example                                          | http://shop.example:80/consumers/g/instances/i
            X-Forwarded-Proto: https                                                | https://gw:8080/consumers/g/instances/i
            X-Forwarded-Host: shop.example & X-Forwarded-Proto: https                | https://shop.example:443/consumers/g/instances/i
            X-Forwarded-Host: a.example:1, b.example & X-Forwarded-Proto: https,http | https://a.example:1/consumers/g/instances/i
            X-Forwarded-Host: shop.example & X-Forwarded-Port: 9000                  | http://shop.example:9000/consumers/g/instances/i
            X-Forwarded-Prefix: /millrace/                                          | http://gw:8080/millrace/consumers/g/instances/i
            X-Forwarded-Path: /api/consumers/g                                      | http://gw:8080/api/consumers/g/instances/i
            X-Forwarded-Prefix: /a b                                                | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Prefix: /a"><script>                                        | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Path: /a%zz                                                 | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Host: shop.example:99999                                    | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Port: 99999                                                 | http://gw:8080/consumers/g/instances/i
            X-Forwarded-Proto: javascript                                           | http://gw:8080/consumers/g/instances/i
            """)
    void the_address_is_the_one_that_the_client_used_and_has_its_port(String headers, String expected) {
        var request = new MockHttpServletRequest("POST", "/consumers/g");
        request.setServerName("gw");
        request.setServerPort(8080);
        if (!headers.equals("-")) {
            for (var header : headers.split(" & ")) {
                request.addHeader(header.split(": ", 2)[0], header.split(": ", 2)[1]);
            }
        }

        assertThat(BaseUri.of(request, "g", "i")).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a;b", "a%2Fb", "a+b", "a b", "ü", "a?b#c", "a=b,c", "'\"<>"})
    void a_name_is_found_in_its_address_whatever_it_consists_of(String name) {
        String segment = BaseUri.of(new MockHttpServletRequest("POST", "/consumers/g"), "g", name).replaceFirst(".*/",
                "");

        assertThat(segment).matches("[A-Za-z0-9%._~-]+");
        assertThat(PathContainer.parsePath("/" + segment).elements().getLast()).isInstanceOfSatisfying(
                PathContainer.PathSegment.class, parsed -> assertThat(parsed.valueToMatch()).isEqualTo(name));
    }
}
