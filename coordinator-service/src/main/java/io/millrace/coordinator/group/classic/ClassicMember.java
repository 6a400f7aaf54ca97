package io.millrace.coordinator.group.classic;

/**
 * One member of a classic group.
 *
 * @param assignment  as the leader gave it in the present generation; empty before
 * @param awaits      the request of its own that is not answered yet
 * @param synced      whether it has asked for its assignment in the present generation
 * @param joinedByMs  when it is given up unless a generation has begun with it; {@link ClassicGroup#NEVER} once one has
 * @param heardByMs   when its session ends unless it is heard; {@link ClassicGroup#NEVER} while it waits for an answer
 */
public record ClassicMember(String memberId, ClassicProfile profile, Opaque assignment, Awaits awaits, boolean synced,
        long joinedByMs, long heardByMs) {
    /** What a member waits for. */
    public sealed interface Awaits {
        record Nothing() implements Awaits {}

        /** @param knowsItsId false for one that will not find back to its membership should the answer get lost */
        record Generation(long request, boolean knowsItsId) implements Awaits {}

        /** It has joined for the next generation, and its connection has ended since: the generation begins with it, and its session runs. */
        record Unheard() implements Awaits {}

        record Assignment(long request) implements Awaits {}

        Awaits NOTHING = new Nothing();
    }

    /**
     * As it was stored: waiting for nothing, and its session does not run yet.
     *
     * @param hasAssignment whether the leader of its generation had assigned
     */
    public static ClassicMember stored(String memberId, ClassicProfile profile, Opaque assignment,
            boolean hasAssignment) {
        return new ClassicMember(memberId, profile, assignment, Awaits.NOTHING, hasAssignment, ClassicGroup.NEVER,
                ClassicGroup.NEVER);
    }

    long heldBytes() {
        return heldBytes(memberId, profile) + assignment.sizeBytes();
    }

    /** Of one that is not assigned to yet. */
    static long heldBytes(String memberId, ClassicProfile profile) {
        return HeldBytes.OBJECT + HeldBytes.of(memberId) + profile.heldBytes();
    }

    boolean isStatic() {
        return profile.instanceId() != null;
    }

    /** Whether it has joined for the next generation. */
    public boolean awaitsGeneration() {
        return awaits instanceof Awaits.Generation || awaits instanceof Awaits.Unheard;
    }

    /** Whether it reads on which generation has begun. */
    boolean listens() {
        return awaits instanceof Awaits.Generation;
    }

    ClassicMember saying(ClassicProfile changed) {
        return new ClassicMember(memberId, changed, assignment, awaits, synced, joinedByMs, heardByMs);
    }

    ClassicMember named(String newId) {
        return new ClassicMember(newId, profile, assignment, awaits, synced, joinedByMs, heardByMs);
    }

    ClassicMember given(Opaque newAssignment) {
        return new ClassicMember(memberId, profile, newAssignment, awaits, synced, joinedByMs, heardByMs);
    }

    ClassicMember awaiting(Awaits answer) {
        return new ClassicMember(memberId, profile, assignment, answer, synced, joinedByMs, ClassicGroup.NEVER);
    }

    /** Waits for nothing, and has its whole session before it. */
    ClassicMember heard(long nowMs) {
        return lives(Awaits.NOTHING, nowMs);
    }

    ClassicMember joinedBy(long timeMs) {
        return new ClassicMember(memberId, profile, assignment, awaits, synced, timeMs, heardByMs);
    }

    /** Its session begins anew, where it runs. */
    ClassicMember alive(long nowMs) {
        return heardByMs == ClassicGroup.NEVER && !(awaits instanceof Awaits.Nothing) ? this : lives(awaits, nowMs);
    }

    /** Its connection has ended. */
    ClassicMember unheard(long nowMs) {
        return lives(new Awaits.Unheard(), nowMs);
    }

    private ClassicMember lives(Awaits answer, long nowMs) {
        return new ClassicMember(memberId, profile, assignment, answer, synced, joinedByMs, nowMs + profile
                .sessionTimeoutMs());
    }

    ClassicMember synced(boolean hasSynced) {
        return new ClassicMember(memberId, profile, assignment, awaits, hasSynced, joinedByMs, heardByMs);
    }
}
