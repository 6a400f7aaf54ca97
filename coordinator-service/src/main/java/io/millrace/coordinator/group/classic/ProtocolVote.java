package io.millrace.coordinator.group.classic;

import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which protocol a group takes: of those that all members know, the one that most of them like best. */
final class ProtocolVote {
    private ProtocolVote() {}

    private static SortedSet<String> knownToAll(Collection<ClassicMember> members) {
        var common = new TreeSet<String>();
        boolean first = true;
        for (ClassicMember member : members) {
            SortedSet<String> known = member.profile().protocolNames();
            if (first) {
                common.addAll(known);
            } else {
                common.retainAll(known);
            }
            first = false;
        }
        return common;
    }

    /** Whether all members know one of the protocols that another does. */
    static boolean agree(Collection<ClassicMember> members, ClassicProfile another) {
        for (ClassicProfile.Protocol protocol : another.protocols()) {
            if (areAllKnowing(members, protocol.name())) {
                return true;
            }
        }
        return false;
    }

    private static boolean areAllKnowing(Collection<ClassicMember> members, String protocolName) {
        for (ClassicMember member : members) {
            if (!member.profile().knows(protocolName)) {
                return false;
            }
        }
        return true;
    }

    /** @param members who have at least one protocol in common, as whoever has none with the others is not let in */
    static String chosenBy(Collection<ClassicMember> members) {
        SortedSet<String> candidates = knownToAll(members);
        if (candidates.isEmpty()) {
            // Of members that another led until now; those that cannot agree are refused when they join again.
            candidates = members.iterator().next().profile().protocolNames();
        }
        var votes = new TreeMap<String, Integer>();
        for (ClassicMember member : members) {
            for (ClassicProfile.Protocol protocol : member.profile().protocols()) {
                if (candidates.contains(protocol.name())) {
                    votes.merge(protocol.name(), 1, Integer::sum);
                    break;
                }
            }
        }
        String chosen = candidates.first();
        for (var vote : votes.entrySet()) {
            if (vote.getValue() > votes.getOrDefault(chosen, 0)) {
                chosen = vote.getKey();
            }
        }
        return chosen;
    }
}
