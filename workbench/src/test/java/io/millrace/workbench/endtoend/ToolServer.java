package io.millrace.workbench.endtoend;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;
import tools.jackson.databind.json.JsonMapper;

/**
 * The program of a JVM of its own in which Kafka's command-line tools run one after the other, by their main methods, as the lines of its input
 * say. They share one start, which would cost each of them a second of a processor.
 */
final class ToolServer {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ToolServer() {}

    /**
     * A tool to run.
     *
     * @param input what it reads from its standard input
     */
    record Call(String mainClass, List<String> arguments, String input) {}

    /**
     * What came of it.
     *
     * @param status with which its process would have ended
     * @param output both of its streams, line by line
     */
    record Ended(int status, List<String> output) {}

    /** Ends a tool where its process would have ended. */
    private static final class ExitException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    public static void main(String... arguments) throws IOException {
        PrintStream answers = System.out;
        AtomicReference<Integer> status = new AtomicReference<>();
        Exit.setExitProcedure((code, message) -> end(status, code));
        Exit.setHaltProcedure((code, message) -> end(status, code));
        List<Runnable> hooks = new ArrayList<>();
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        BufferedReader calls = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            status.set(null);
            List<String> output = run(JSON.readValue(line, Call.class), status, hooks);
            Integer code = status.get();
            answers.println(JSON.writeValueAsString(new Ended(code == null ? 0 : code, output)));
        }
    }

    /** Tools catch what ends them, and end with another status then: the first is that of the process. */
    private static void end(AtomicReference<Integer> status, int code) {
        status.compareAndSet(null, code);
        throw new ExitException();
    }

    private static List<String> run(Call call, AtomicReference<Integer> status, List<Runnable> hooks) {
        InputStream input = System.in;
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        try (PrintStream both = new PrintStream(written, true, StandardCharsets.UTF_8)) {
            System.setIn(new ByteArrayInputStream(call.input().getBytes(StandardCharsets.UTF_8)));
            System.setOut(both);
            System.setErr(both);
            invoke(call, status, both);
            hooks.forEach(Runnable::run); // as at the end of a process of its own
        } finally {
            hooks.clear();
            System.setIn(input);
            System.setOut(out);
            System.setErr(err);
        }
        return written.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static void invoke(Call call, AtomicReference<Integer> status, PrintStream both) {
        try {
            Class.forName(call.mainClass()).getMethod("main", String[].class).invoke(null, (Object) call.arguments()
                    .toArray(String[]::new));
        } catch (InvocationTargetException e) {
            if (status.compareAndSet(null, 1)) {
                e.getCause().printStackTrace(both);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("there is no tool " + call.mainClass(), e);
        }
    }
}
