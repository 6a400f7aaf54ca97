package io.millrace.offset.api;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.offset.commit.Commits;
import io.millrace.offset.commit.Names;
import io.millrace.offset.reset.Resets;
import io.millrace.offset.stored.StoredOffsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

@RestController
class OffsetsController implements OffsetsApi {
    private final Commits commits;
    private final StoredOffsets stored;
    private final Resets resets;

    OffsetsController(Commits commits, StoredOffsets stored, Resets resets) {
        this.commits = commits;
        this.stored = stored;
        this.resets = resets;
    }

    @Override
    @ResponseStatus(HttpStatus.NO_CONTENT)
    public void commit(String group, Commit commit) {
        commits.commit(group, commit);
    }

    @Override
    public CommittedOffsets fetch(String group, Fetch fetch) {
        checkGroup(group);
        var partitions = fetch.partitions();
        checkPartitions(partitions);
        return new CommittedOffsets(partitions == null ? stored.all(group) : stored.of(group, partitions));
    }

    @Override
    public CommittedOffsets reset(String group, Reset reset) {
        checkGroup(group);
        checkPartitions(reset.partitions());
        return new CommittedOffsets(resets.reset(group, reset));
    }

    @Override
    @ResponseStatus(HttpStatus.NO_CONTENT)
    public void delete(String group) {
        checkGroup(group);
        stored.forget(group);
    }

    @Override
    @ResponseStatus(HttpStatus.NO_CONTENT)
    public void forget(String group, Forget forget) {
        checkGroup(group);
        refuse(forget.partitions() == null ? "partitions is missing" : null);
        checkPartitions(forget.partitions());
        stored.forget(group, forget.partitions());
    }

    private static void checkGroup(String group) {
        refuse(Names.fault("group", group));
    }

    private static void checkPartitions(@Nullable List<TopicPartition> partitions) {
        if (partitions == null) {
            return;
        }
        for (int i = 0; i < partitions.size(); i++) {
            var partition = partitions.get(i);
            refuse(partition == null ? "partitions[" + i + "] is null"
                    : Names.fault("partitions[" + i + "].topic", partition.topic()));
        }
    }

    private static void refuse(@Nullable String fault) {
        if (fault != null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, fault);
        }
    }
}
