package io.millrace.workbench;

import io.millrace.workbench.cli.MillraceCommand;

/** Entry point of {@code ./millrace}. */
public final class Workbench {
    private Workbench() {}

    public static void main(String[] args) {
        System.exit(MillraceCommand.execute(args));
    }
}
