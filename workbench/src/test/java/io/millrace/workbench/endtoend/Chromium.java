package io.millrace.workbench.endtoend;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import io.millrace.workbench.suite.Requisite;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The browser that is installed, without a window, with one page, driven by Playwright, which the Node.js that is installed runs. */
record Chromium(Playwright playwright, Browser browser, Page page) implements AutoCloseable {
    private static final double TIMEOUT_MS = 60_000;

    /** Where one of both is not installed, the test is left out, and says so. */
    static Chromium start() {
        Optional<Path> program = Programs.find("chromium", "chromium-browser", "google-chrome",
                "google-chrome-stable");
        Requisite.CHROMIUM.demand(program.isPresent(), "Chromium is not installed");
        Optional<Path> node = Programs.find("node");
        Requisite.CHROMIUM.demand(node.isPresent(), "Node.js is not installed, by which Playwright drives the browser");
        var playwright = Playwright.create(new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_NODEJS_PATH", node
                .get().toString(), "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        try {
            // As root there is no sandbox to be had.
            var browser = playwright.chromium().launch(new BrowserType.LaunchOptions().setExecutablePath(program.get())
                    .setHeadless(true).setChromiumSandbox(false));
            var page = browser.newPage();
            page.setDefaultTimeout(TIMEOUT_MS);
            return new Chromium(playwright, browser, page);
        } catch (RuntimeException e) {
            playwright.close();
            throw e;
        }
    }

    @Override
    public void close() {
        try (playwright) {
            browser.close();
        }
    }
}
