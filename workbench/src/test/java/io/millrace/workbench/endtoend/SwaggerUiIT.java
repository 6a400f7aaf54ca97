package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A newcomer's first minutes with the page alone: everything as it stands there, one click on each operation and one on "Execute". */
@WithSteadySuite
@ResourceLock(SharedSuite.ORDERS)
@Order(6)
class SwaggerUiIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String FIND = """
            const block = [...document.querySelectorAll('.opblock')].find(each =>
                each.querySelector('.opblock-summary-method').textContent === '%s'
                && each.querySelector('.opblock-summary-path').getAttribute('data-path') === '%s');
            """;

    private final Gateway gateway;

    SwaggerUiIT(Gateway gateway) {
        this.gateway = gateway;
    }

    @Test
    void a_topic_is_made_written_to_and_read_by_clicks() throws Exception {
        var program = Chromium.find();
        assumeTrue(program.isPresent(), "left out: Chromium is not installed");
        // The topic of the page's examples is that of the README's tour.
        gateway.delete("/admin/topics/orders");
        await().atMost(TIMEOUT).until(() -> gateway.get("/topics/orders").status() == 404);
        try (var page = new Page(Chromium.start(program.get()))) {
            page.browser.open(gateway.uri("/swagger-ui.html").toString());
            page.awaitThat("document.querySelector('.opblock') !== null");

            assertThat(page.execute("POST", "/admin/topics")).isEqualTo("201");
            assertThat(page.execute("POST", "/topics/{topic}")).isEqualTo("200");
            assertThat(page.execute("GET", "/topics/{topic}/partitions/{partition}/records")).isEqualTo("200");
            assertThat(page.execute("POST", "/consumers/{group}")).isEqualTo("200");
            assertThat(page.execute("POST", "/consumers/{group}/instances/{instance}/subscription")).isEqualTo("204");
            assertThat(page.execute("GET", "/consumers/{group}/instances/{instance}/records")).isEqualTo("200");
            assertThat(page.execute("DELETE", "/consumers/{group}/instances/{instance}")).isEqualTo("204");
            assertThat(page.execute("DELETE", "/admin/topics/{topic}")).isEqualTo("204");
        }
    }

    private record Page(Chromium browser) implements AutoCloseable {
        /** Opens the operation, clicks on "Execute" and answers the status that the page then shows. */
        String execute(String method, String path) throws InterruptedException {
            String find = FIND.formatted(method, path);
            awaitThat("(() => {" + find + "return block !== undefined})()");
            browser.evaluate("(() => {" + find + "block.querySelector('.opblock-summary-control').click()})()");
            awaitThat("(() => {" + find + "return block.querySelector('.execute') !== null})()");
            browser.evaluate("(() => {" + find + "block.querySelector('.execute').click()})()");
            String status = "block.querySelector('.live-responses-table tbody .response-col_status')";
            awaitThat("(() => {" + find + "return " + status + " !== null})()");
            return browser.evaluate("(() => {" + find + "return " + status + ".textContent.trim()})()").asString();
        }

        void awaitThat(String condition) {
            await().atMost(TIMEOUT).ignoreExceptions().until(() -> browser.evaluate(condition).asBoolean());
        }

        @Override
        public void close() throws IOException {
            browser.close();
        }
    }
}
