package io.millrace.coordinator.group;

import java.util.ArrayDeque;

/**
 * How large a program RE2/J would make of an expression, found out without making it: counts multiply where groups are nested, so that
 * {@code (((a{1000}){1000}){1000})} stands for a thousand million instructions, and RE2/J bounds each count by itself but not what they come to
 * (RE2 in C++ has {@code max_mem} for that, Go's refuses at 1,000). Never less than the program has, often somewhat more. Of what is no expression
 * of RE2's it says nothing that means anything; compiling refuses it before it makes a program.
 */
final class PatternSize {
    /** Of a class of Unicode's there is a table, as large as so many instructions. */
    private static final int TABLE_COST = 100;
    /** Saves where its text was, twice. */
    private static final int GROUP_COST = 3;
    private static final int BRANCH_COST = 2;
    /** Where every program fails, begins and ends. */
    private static final int OWN_COST = 4;
    private static final int QUANTIFIER_COST = 2;
    private static final int MAX_COUNT_DIGITS = 6;

    private final String source;
    private final long limit;
    private final int maxDepth;
    private final ArrayDeque<Long> around = new ArrayDeque<>();
    private int at;
    /** Of what stands before in the innermost open group, without {@link #last}. */
    private long before;
    /** Of what a quantifier would repeat. */
    private long last;
    private boolean tooDeep;

    private PatternSize(String source, long limit, int maxDepth) {
        this.source = source;
        this.limit = limit;
        this.maxDepth = maxDepth;
    }

    /**
     * In instructions of about the size of a character's.
     *
     * @param limit    beyond it the answer is just greater than it
     * @param maxDepth of groups within groups; deeper ones count as beyond the limit
     */
    static long of(String source, long limit, int maxDepth) {
        return source.length() > limit ? limit + 1 : new PatternSize(source, limit, maxDepth).measure();
    }

    private long measure() {
        while (at < source.length() && !tooDeep) {
            step();
        }
        long sum = OWN_COST + before + last;
        for (long open : around) {
            sum = bounded(sum + open);
        }
        return tooDeep ? limit + 1 : bounded(sum);
    }

    private void step() {
        switch (source.charAt(at)) {
            case '(' -> open();
            case ')' -> close();
            case '[' -> characterClass();
            case '\\' -> escape();
            case '|' -> atom(BRANCH_COST, at + 1);
            case '*', '+', '?' -> {
                last = bounded(last + QUANTIFIER_COST);
                at++;
            }
            case '{' -> count();
            default -> atom(1, at + 1);
        }
    }

    private void atom(long cost, int end) {
        before = bounded(before + last);
        last = cost;
        at = end;
    }

    private void open() {
        int inside = at + 1;
        if (source.startsWith("?", inside)) {
            int end = inside + 1;
            while (end < source.length() && ":)>".indexOf(source.charAt(end)) < 0) {
                end++;
            }
            inside = Math.min(end + 1, source.length());
            if (end < source.length() && source.charAt(end) == ')') {
                // Flags alone are nothing to repeat: a quantifier behind them is one of what stands before.
                before = bounded(before + inside - at);
                at = inside;
                return;
            }
        }
        around.push(bounded(before + last));
        before = GROUP_COST;
        last = 0;
        at = inside;
        tooDeep = around.size() > maxDepth;
    }

    private void close() {
        long group = bounded(before + last);
        Long outside = around.poll();
        before = outside == null ? 0 : outside;
        last = group;
        at++;
    }

    /** What is in it is one instruction, but takes memory for what it lists. */
    private void characterClass() {
        int start = at;
        int end = at + 1;
        long tables = 0;
        if (source.startsWith("^", end)) {
            end++;
        }
        // The first one stands for itself.
        boolean first = true;
        while (end < source.length() && (first || source.charAt(end) != ']')) {
            first = false;
            char c = source.charAt(end);
            if (c == '\\') {
                tables += isTable(end) ? TABLE_COST : 0;
                end = endOfEscape(end);
            } else if (c == '[' && source.startsWith(":", end + 1) && source.indexOf(":]", end + 2) >= 0) {
                end = source.indexOf(":]", end + 2) + 2;
            } else {
                end++;
            }
        }
        end = Math.min(end + 1, source.length());
        atom(bounded(end - start + tables), end);
    }

    private void escape() {
        if (source.startsWith("Q", at + 1)) {
            int end = source.indexOf("\\E", at + 2);
            int literals = (end < 0 ? source.length() : end) - (at + 2);
            if (literals > 0) {
                before = bounded(before + last + literals);
                last = 1;
            }
            at = end < 0 ? source.length() : end + 2;
        } else {
            atom(isTable(at) ? TABLE_COST : 1, endOfEscape(at));
        }
    }

    private boolean isTable(int backslash) {
        return source.startsWith("p", backslash + 1) || source.startsWith("P", backslash + 1);
    }

    /** Behind {@code \x7b}'s or {@code \pL}'s letter, or behind the brace of {@code \x{7b}} and {@code \p{Greek}}. */
    private int endOfEscape(int backslash) {
        boolean mayHaveBraces = isTable(backslash) || source.startsWith("x", backslash + 1);
        int end = mayHaveBraces && source.startsWith("{", backslash + 2) ? source.indexOf('}', backslash + 2) + 1
                : backslash + 2;
        return end <= backslash ? source.length() : Math.min(end, source.length());
    }

    /** {@code {n}}, {@code {n,}} or {@code {n,m}}; anything else that begins so is a character. */
    private void count() {
        int comma = endOfDigits(at + 1);
        int end = comma < source.length() && source.charAt(comma) == ',' ? endOfDigits(comma + 1) : comma;
        if (comma == at + 1 || end >= source.length() || source.charAt(end) != '}') {
            atom(1, at + 1);
            return;
        }
        long least = number(at + 1, comma);
        long most = end > comma ? number(comma + 1, end) : least;
        // Each that may be missing has a branch around it.
        long each = most > least ? last + 1 : last;
        // Its own characters count too, since RE2 takes some of these for text, as {01}.
        last = bounded(each * Math.max(1, Math.max(least, most)) + QUANTIFIER_COST + (end + 1 - at));
        at = end + 1;
    }

    private int endOfDigits(int from) {
        int end = from;
        while (end < source.length() && source.charAt(end) >= '0' && source.charAt(end) <= '9') {
            end++;
        }
        return end;
    }

    private long number(int from, int to) {
        return from >= to ? 0 : to - from > MAX_COUNT_DIGITS ? limit : Long.parseLong(source, from, to, 10);
    }

    private long bounded(long cost) {
        return Math.min(cost, limit + 1);
    }
}
