package io.millrace.coordinator.group.classic;

import java.util.EnumMap;
import java.util.Map;

/** What the simulation must have been through to have seen something. */
enum ClassicPath {
    CRASHED_BEFORE_STORING, CRASHED_AFTER_STORING, DOUBTED_A_STORE, LOADED_ASSIGNED, LOADED_UNASSIGNED,
    LOADED_WHILE_JOINING, CHANGED_TYPE_AND_BACK,
    /** Joins. */
    REFUSED_BY_PROTOCOL, CHOSE_ANOTHER_PROTOCOL, JOINED_WITHOUT_AN_ID, WENT_WITH_ITS_CONNECTION, JOINED_UNHEARD,
    LED_UNHEARD,
    NEW_MEMBER_GIVEN_UP, TOLD_THE_PRESENT_GENERATION,
    /** Static members. */
    RESTARTED_WITHOUT_REBALANCE, RESTARTED_WITH_OTHER_TOPICS, SKIPPED_ASSIGNMENT, TOLD_THE_LEADER_BEFORE, FENCED,
    /** Time and order. */
    EXPIRED, LEFT_BEHIND, NEVER_SYNCED, HANDLED_LATE, LEFT,
    /** Commits. */
    COMMITTED, COMMITTED_WHILE_ALL_JOIN, COMMIT_REFUSED_BY_THE_GROUP, COMMIT_REFUSED_BY_ITS_EPOCH, LIVED_BY_COMMITS;

    /** How often each was taken, over many runs. */
    static final class Counts {
        private final Map<ClassicPath, Integer> taken = new EnumMap<>(ClassicPath.class);

        Counts() {
            for (ClassicPath path : values()) {
                taken.put(path, 0);
            }
        }

        void take(ClassicPath path) {
            taken.merge(path, 1, Integer::sum);
        }

        void takeIf(boolean isTaken, ClassicPath path) {
            if (isTaken) {
                take(path);
            }
        }

        Map<ClassicPath, Integer> all() {
            return taken;
        }
    }
}
