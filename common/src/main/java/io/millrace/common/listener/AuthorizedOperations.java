package io.millrace.common.listener;

import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.utils.Utils;

/**
 * What clients may do (KIP-430), as they are told where they ask: all that there is to be done, as Kafka says it where nobody has rights to
 * be looked at.
 */
public final class AuthorizedOperations {
    public static final int OF_CLUSTER = bits(AclOperation.CREATE, AclOperation.CLUSTER_ACTION,
            AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.IDEMPOTENT_WRITE,
            AclOperation.ALTER, AclOperation.DESCRIBE);
    public static final int OF_TOPIC = bits(AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE,
            AclOperation.DESCRIBE, AclOperation.DELETE, AclOperation.ALTER, AclOperation.DESCRIBE_CONFIGS,
            AclOperation.ALTER_CONFIGS);
    public static final int OF_GROUP = bits(AclOperation.READ, AclOperation.DESCRIBE, AclOperation.DELETE,
            AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS);
    /** Where nobody asked. */
    public static final int NOT_ASKED = Integer.MIN_VALUE;

    private AuthorizedOperations() {}

    private static int bits(AclOperation... operations) {
        return Utils.to32BitField(Set.of(operations).stream().map(AclOperation::code).collect(Collectors.toSet()));
    }
}
