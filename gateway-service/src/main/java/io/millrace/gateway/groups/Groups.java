package io.millrace.gateway.groups;

import io.millrace.common.api.GroupsApi.GroupDescription;
import io.millrace.common.api.GroupsApi.GroupSummary;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Consumer groups as their coordinators tell them. */
@Component
public class Groups {
    private final ServiceClients services;

    Groups(ServiceClients services) {
        this.services = services;
    }

    /** All that have, or had, members; by name. */
    public List<GroupSummary> list() {
        return services.allGroups().stream().flatMap(coordinator -> coordinator.list().stream())
                .sorted(Comparator.comparing(GroupSummary::group)).distinct().toList();
    }

    /** Refused with {@code UNKNOWN_GROUP}. */
    public GroupDescription require(String group) {
        return services.groups(group).describe(group);
    }

    public @Nullable GroupDescription find(String group) {
        try {
            return require(group);
        } catch (RefusedException refusal) {
            if (refusal.code() == ErrorCode.UNKNOWN_GROUP) {
                return null;
            }
            throw refusal;
        }
    }
}
