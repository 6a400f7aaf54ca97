package io.millrace.coordinator.group.classic;

/**
 * Where a classic group stands.
 *
 * <pre>
 *               the first member joins          all have joined, or the time is up
 *   ┌─────────┐                     ┌────────────────────┐            ┌─────────────────────┐
 *   │  Empty  ├────────────────────►│ PreparingRebalance ├───────────►│ CompletingRebalance │
 *   └─────────┘                     └──▲──────▲──────────┘            └────┬───────┬────────┘
 *        ▲                             │      │  a member joins or goes    │       │
 *        │ nobody has joined           │      └────────────────────────────┘       │ the leader has assigned
 *        └─────────────────────────────┤                                           │
 *                                      │ a member joins, goes, or says             │
 *                                      │ other things than before       ┌──────────▼─┐
 *                                      └────────────────────────────────┤   Stable   │
 *                                                                       └────────────┘
 * </pre>
 */
public sealed interface ClassicPhase {
    /** No members. */
    record Empty() implements ClassicPhase {}

    /**
     * Members are joining; whoever heartbeats is told to.
     *
     * @param isFirst       the group was empty: it waits a while for others to come before its first generation begins
     * @param moreCame      whether a member joined since that wait began; then it is made longer
     * @param extensibleMs  by how much at most
     * @param endsAtMs      when the generation begins with those who have joined
     */
    record PreparingRebalance(boolean isFirst, boolean moreCame, long extensibleMs, long endsAtMs)
            implements
                ClassicPhase {}

    /**
     * The generation has begun and its leader is to assign.
     *
     * @param syncedByMs when those who have not asked for their assignment are taken for dead
     */
    record CompletingRebalance(long syncedByMs) implements ClassicPhase {}

    /** @param syncedByMs as before; {@link ClassicGroup#NEVER} when all have asked */
    record Stable(long syncedByMs) implements ClassicPhase {}

    /** As Kafka's tools call it. */
    default String shownName() {
        return switch (this) {
            case Empty _ -> "Empty";
            case PreparingRebalance _ -> "PreparingRebalance";
            case CompletingRebalance _ -> "CompletingRebalance";
            case Stable _ -> "Stable";
        };
    }
}
