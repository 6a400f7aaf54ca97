package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A newcomer's first minutes with the page alone: everything as it stands there, one click on each operation and one on "Execute". */
@WithSteadySuite
@ResourceLock(SharedSuite.ORDERS)
@Order(6)
class SwaggerUiIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private final Gateway gateway;

    SwaggerUiIT(Gateway gateway) {
        this.gateway = gateway;
    }

    @Test
    void a_topic_is_made_written_to_and_read_by_clicks() throws Exception {
        // The topic of the page's examples is that of the README's tour.
        gateway.delete("/admin/topics/orders");
        await().atMost(TIMEOUT).until(() -> gateway.get("/topics/orders").status() == 404);
        try (var browser = Chromium.start()) {
            var page = new Operations(browser.page());
            browser.page().navigate(gateway.uri("/swagger-ui.html").toString());

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

    private record Operations(Page page) {
        /** Opens the operation, clicks on "Execute" and answers the status that the page then shows. */
        String execute(String method, String path) {
            Locator operation = page.locator(".opblock-" + method.toLowerCase(Locale.ROOT)).filter(
                    new Locator.FilterOptions().setHas(page.locator("[data-path='" + path + "']")));
            operation.locator(".opblock-summary-control").click();
            operation.locator(".execute").click();
            return operation.locator(".live-responses-table tbody .response-col_status").first().innerText().strip();
        }
    }
}
