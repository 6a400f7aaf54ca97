package io.millrace.gateway.events;

import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.error.RefusedException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is a member of a consumer group. It polls for its client, which only listens. What is read is written only when the
 * coordinator has noted how far it goes, and confirmed a heartbeat after it was written: what was written last may be lost with a client
 * that dies, and its connection tells that a moment later.
 */
final class GroupStream implements LiveStream {
    private final GroupMember member;
    private final GroupReader reader;
    private final Settings settings;
    private final PollGrant joined;
    private final GroupPartitions partitions = new GroupPartitions();
    private final GroupBlocks blocks = new GroupBlocks();
    private boolean caughtUp;
    private boolean isLossy;
    /** Whether the coordinator may have noted more than was given out. */
    private boolean unsure;
    private long lastWriteNanos = System.nanoTime();
    private boolean writtenSinceBeat;
    private long agedNanos = System.nanoTime();
    private long records;
    /** Up to when so many records had been written. */
    private long writtenRecords;
    private long lastRecordNanos = System.nanoTime();
    private volatile @Nullable Thread writer;
    private volatile boolean woken;
    /** When it was woken first, which may be some time before it looks. */
    private volatile long wokenNanos;
    private volatile boolean draining;
    private volatile long drainBegunNanos;
    private volatile boolean isCutOff;
    private final AtomicBoolean touching = new AtomicBoolean();

    /**
     * @param baseUri       where the client commits by itself
     * @param commitsItself whether what was written to the client is committed without its doing
     * @param patience      how long the client waits
     * @param heartbeat     how often the coordinator is told where the stream stands
     * @param silence       a comment is written after so long without anything else
     * @param clientRetry   what the client is told to wait before it comes back
     * @param retryWait     pause before a service that is away is asked again
     * @param assignmentWait how soon the coordinator is asked again while there is nothing to read
     * @param drainLimit    a client that needs longer for what was read at once is cut off while memory is scarce
     */
    record Settings(String baseUri, boolean commitsItself, Patience patience, Duration heartbeat, Duration silence,
            Duration clientRetry, Duration retryWait, Duration assignmentWait, Duration drainLimit) {}

    /** @param joined what the coordinator granted when the stream joined */
    GroupStream(GroupMember member, GroupReader reader, Settings settings, PollGrant joined) {
        this.member = member;
        this.reader = reader;
        this.settings = settings;
        this.joined = joined;
    }

    @Override
    public End writeTo(ClientLine client, BooleanSupplier stopped) throws IOException, InterruptedException {
        writer = Thread.currentThread();
        boolean ended = false;
        var pulse = Thread.ofVirtual().name("group-stream-pulse").start(() -> pulse(client));
        try {
            blocks.retry(settings.clientRetry.toMillis());
            blocks.joined(member.group(), member.instance(), settings.baseUri, settings.commitsItself);
            take(joined);
            var end = drain(client) ? follow(client, stopped) : End.TOO_SLOW;
            // Of one that is cut off for others' sake it is not known what it has got.
            ended = end != End.TOO_SLOW && prove(client);
            return end;
        } finally {
            pulse.interrupt();
            // What was written last may not have come to a client that broke the connection off. One that left while there was nothing but a
            // comment to write has left all the same.
            isLossy = !(ended || client.hasLeft()) || writtenRecords < records || client.hasLost() || unsure
                    || isCutOff || hasLeftTooSoon(client);
        }
    }

    /**
     * That a client has closed its end tells that it has got what had come to it by then: what was on its way went past it, and so it
     * did if what has closed is a proxy. So what was written just before is taken for lost.
     */
    private boolean hasLeftTooSoon(ClientLine client) {
        return client.hasLeft() && (!woken || wokenNanos - lastRecordNanos < settings.heartbeat.toNanos());
    }

    private End follow(ClientLine client, BooleanSupplier stopped) throws IOException, InterruptedException {
        boolean isGranted = true;
        while (!stopped.getAsBoolean()) {
            try {
                if (!isGranted) {
                    if (!prove(client)) {
                        return End.TOO_SLOW;
                    }
                    take(beat());
                }
                isGranted = false;
                if (!read(stopped)) {
                    continue;
                }
            } catch (RefusedException refusal) {
                if (!refusal.code().isRetriable()) {
                    blocks.fenced(String.valueOf(refusal.getMessage()));
                    drain(client);
                    return End.FENCED;
                }
                pause(settings.retryWait);
            }
            comment();
            if (!drain(client)) {
                return End.TOO_SLOW;
            }
            if (settings.patience.isOver(records > 0)) {
                return End.ANSWERED;
            }
        }
        return End.STOPPED;
    }

    /**
     * Time alone confirms nothing: a beat may tell that the client has got something, and give its partitions to others. A line that does not
     * tell of a departure is written to before each for as long as there is something to confirm.
     *
     * @return false when the client takes nothing while others wait for the memory
     * @throws IOException when the client has left
     */
    private boolean prove(ClientLine client) throws IOException {
        if (client.tellsDeparture() || writtenSinceBeat || !partitions.hasUnconfirmed()) {
            return true;
        }
        blocks.heartbeat();
        return drain(client);
    }

    private PollGrant beat() {
        writtenSinceBeat = false;
        long now = System.nanoTime();
        if (now - agedNanos >= settings.heartbeat.toNanos()) {
            agedNanos = now;
            partitions.age();
        }
        var grant = member.beat(partitions.standing(), partitions.confirmed(), settings.heartbeat);
        unsure = false;
        return grant;
    }

    /** Tells the client which partitions came and went. */
    private void take(PollGrant grant) {
        var change = partitions.take(grant.partitions());
        if (!change.revoked().isEmpty()) {
            blocks.revoked(change.revoked());
        }
        if (!change.assigned().isEmpty()) {
            blocks.assigned(change.assigned());
            caughtUp = false;
        }
    }

    /** Reads for as long as one heartbeat allows. Returns false when what was read may not be given out. */
    private boolean read(BooleanSupplier stopped) throws InterruptedException {
        int before = blocks.size();
        boolean given = false;
        try {
            var read = readOnce(stopped);
            var positions = partitions.read();
            unsure = !positions.isEmpty();
            given = positions.isEmpty() || member.mayGiveOut(positions, partitions.starts());
            unsure = false;
            if (given) {
                partitions.givenOut();
                records += read.records();
                noteTail();
            }
            return given;
        } finally {
            if (!given) {
                partitions.forgetRead();
                blocks.truncate(before);
                reader.recount(blocks);
            }
        }
    }

    private GroupReader.Read readOnce(BooleanSupplier stopped) throws InterruptedException {
        reader.begin(partitions);
        // Until the client has been told that it has caught up, to find that out comes before waiting for more.
        var longest = caughtUp ? settings.heartbeat : settings.assignmentWait;
        long waitNanos = Math.min(longest.toNanos(), settings.patience.leftNanos());
        boolean isHurried = !blocks.isEmpty() || stopped.getAsBoolean();
        var read = reader.read(partitions, isHurried ? Duration.ZERO : Duration.ofNanos(waitNanos), blocks);
        if (read.isNothingToRead() && !isHurried) {
            pause(Duration.ofNanos(Math.min(waitNanos, settings.assignmentWait.toNanos())));
        }
        return read;
    }

    private void noteTail() {
        if (!caughtUp && partitions.all().stream().allMatch(GroupPartitions.Source::isAtEnd) && !partitions.all()
                .isEmpty()) {
            caughtUp = true;
            blocks.caughtUp();
        }
    }

    private void comment() {
        if (blocks.isEmpty() && System.nanoTime() - lastWriteNanos >= settings.silence.toNanos()) {
            blocks.heartbeat();
        }
    }

    /** Returns false when the client takes what it was given so slowly that others have to wait for the memory. */
    private boolean drain(ClientLine client) throws IOException {
        if (isCutOff) {
            return false;
        }
        if (!blocks.isEmpty()) {
            drainBegunNanos = System.nanoTime();
            draining = true;
            try {
                blocks.drainTo(client);
            } catch (IOException e) {
                if (isCutOff) {
                    return false;
                }
                throw e;
            } finally {
                draining = false;
            }
            lastWriteNanos = System.nanoTime();
            writtenSinceBeat = true;
            reader.recount(blocks);
            if (writtenRecords < records) {
                writtenRecords = records;
                lastRecordNanos = lastWriteNanos;
            }
        }
        return true;
    }

    /**
     * A client that reads slowly, but reads, remains a member: while it is written to, no beat tells that it lives. One that holds memory
     * for too long that others wait for is cut off, in the midst of a write that waits for it too.
     */
    private void pulse(ClientLine client) {
        try {
            while (true) {
                Thread.sleep(settings.heartbeat);
                if (draining) {
                    if (System.nanoTime() - drainBegunNanos >= settings.drainLimit.toNanos() && reader
                            .isMemoryScarce()) {
                        isCutOff = true;
                        client.cutOff();
                        return;
                    }
                    // Beside the pulse: a coordinator that is away answers late.
                    if (touching.compareAndSet(false, true)) {
                        Thread.ofVirtual().name("group-stream-touch").start(this::touch);
                    }
                }
            }
        } catch (InterruptedException e) {
            // The stream has ended.
        }
    }

    private void touch() {
        try {
            member.touch();
        } finally {
            touching.set(false);
        }
    }

    private void pause(Duration wait) throws InterruptedException {
        if (!woken) {
            LockSupport.parkNanos(this, wait.toNanos());
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    @Override
    public void wake() {
        if (!woken) {
            wokenNanos = System.nanoTime();
        }
        woken = true;
        var thread = writer;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void close() {
        try {
            member.leave(isLossy);
        } finally {
            reader.close();
        }
    }
}
