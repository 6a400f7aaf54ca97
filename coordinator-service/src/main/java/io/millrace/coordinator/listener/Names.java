package io.millrace.coordinator.listener;

import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.InvalidRequestException;

/** Names that Kafka clients choose, as far as they can be stored. PostgreSQL's text holds no NUL, and an index entry no endless text. */
final class Names {
    private static final int MAX_LENGTH = 255;

    private Names() {}

    /** @throws InvalidGroupIdException when no group can be called so */
    static String group(String groupId) {
        if (!isStorable(groupId)) {
            throw new InvalidGroupIdException("a group's id has 1 to " + MAX_LENGTH + " characters, none of them NUL");
        }
        return groupId;
    }

    /** @throws InvalidRequestException when no member can be called so */
    static String member(String memberId) {
        if (!isStorable(memberId)) {
            throw new InvalidRequestException("a member's id has 1 to " + MAX_LENGTH
                    + " characters, none of them NUL");
        }
        return memberId;
    }

    /** @throws InvalidRequestException when no static member can be called so */
    static String instance(String instanceId) {
        if (!isStorable(instanceId)) {
            throw new InvalidRequestException("a group.instance.id has 1 to " + MAX_LENGTH
                    + " characters, none of them NUL");
        }
        return instanceId;
    }

    static boolean isStorable(String name) {
        return !name.isEmpty() && name.length() <= MAX_LENGTH && name.indexOf('\0') < 0;
    }

    /** A client's name for itself, which is shown and means nothing. */
    static String shown(String clientId) {
        String storable = clientId.replace('\0', ' ');
        return storable.length() <= MAX_LENGTH ? storable : storable.substring(0, MAX_LENGTH);
    }
}
