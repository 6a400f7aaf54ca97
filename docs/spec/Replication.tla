----------------------------- MODULE Replication -----------------------------
(***************************************************************************)
(* One partition: its row in PostgreSQL, its replicas, and its clients.    *)
(* README.md beside this file says what is modelled and what is not.       *)
(* Rn names the rule of the README that a line is about.                   *)
(*                                                                         *)
(* A paused process, a lost message, a PostgreSQL that is away: none needs *)
(* an action of its own, for nothing here is ever obliged to happen. The   *)
(* process (or PostgreSQL) just takes no step, for as long as it likes,    *)
(* and then goes on with what it knew.                                     *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
    Broker,         \* all of them are replicas
    None,
    MinIsr,         \* min.insync.replicas
    Broken,         \* the rules left out on purpose; {} is the design
    InitialIsr,     \* how many are in sync at first
    Idle,           \* steps that are never taken: {} or, to go deeper with the others, some of "Fence", "HandOver", "Shrink", "Join"
    MaxLog,         \* bounds: records in a log,
    MaxElections,   \* elections in one incarnation,
    MaxChanges,     \* changes of the row,
    MaxCrashes,     \* stops that lose data,
    MaxRestarts,    \* orderly stops,
    MaxFailovers    \* fail-overs of PostgreSQL to an older state

ASSUME /\ MinIsr \in 1..Cardinality(Broker)
       /\ InitialIsr \in MinIsr..Cardinality(Broker)
       /\ Idle \subseteq {"Fence", "HandOver", "Shrink", "Join"}
       /\ Broken \subseteq {"FetchChecksEpoch", "TruncateByEpoch", "MaximalIsr", "CommittedMinIsr", "JoinAtEpochStart",
                            "CompareAndSet", "BrokerEpoch", "UncleanLeavesIsr", "EligibleReplicas", "Incarnation",
                            "Promise", "StaleIsNoRefusal", "WholeReports", "ReportQuorum", "WaitForHighWatermark",
                            "JoinBeforeCount", "CommitFromStart"}

VARIABLES
    pg,         \* the partition's row and what belongs to it, as PostgreSQL has it
    standby,    \* an older state of it, on the standby that may be promoted
    node,       \* each broker's disk and memory
    faults,     \* how many of each bounded fault there were
    committed   \* what was acknowledged with acks=all, and the lowest epoch whose leader told clients of it

vars == <<pg, standby, node, faults, committed>>

Rule(name) == name \notin Broken

Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Prefix(s, n) == SubSeq(s, 1, n)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s

(* A leader epoch's high part is the incarnation of the metadata in which it was given out (R15). *)
Incarnation(epoch) == epoch \div 10
FirstEpoch(incarnation) == incarnation * 10

(* The row is of the incarnation that PostgreSQL is in: not brought back by a fail-over. *)
Confirmed == Incarnation(pg.epoch) = pg.incarnation

NoPositions == [f \in Broker |-> [at |-> 0, as |-> 0]]

Blank(log, hw, whole, marker) ==
    [log |-> log, hw |-> hw,
     joined |-> 0,           \* the last epoch that it has joined (R19); on its disk as the log is
     whole |-> whole,        \* has lost nothing since it was last in the ISR
     marker |-> marker,      \* the broker epoch of an orderly stop
     as |-> 0,               \* its broker epoch; 0: not registered
     epoch |-> 0, leader |-> None, leads |-> FALSE,
     isr |-> {}, pe |-> 0, pending |-> None, start |-> 0, position |-> NoPositions]

Init ==
    \E b \in Broker : \E isr \in {S \in SUBSET Broker : b \in S /\ Cardinality(S) = InitialIsr} :
        /\ pg = [leader |-> b, epoch |-> 1, pe |-> 0, isr |-> isr, elr |-> {}, recovering |-> FALSE,
                 as |-> [x \in Broker |-> 1], incarnation |-> 0, reports |-> [x \in Broker |-> None]]
        /\ node = [x \in Broker |->
                    IF x = b
                    THEN [Blank(<<>>, 0, TRUE, 0) EXCEPT !.as = 1, !.epoch = 1, !.leader = b, !.leads = TRUE, !.isr = isr, !.joined = 1]
                    ELSE [Blank(<<>>, 0, TRUE, 0) EXCEPT !.as = 1, !.epoch = 1, !.leader = b]]
        /\ standby = None
        /\ faults = [crashes |-> 0, restarts |-> 0, failovers |-> 0]
        /\ committed = <<>>

(***************************************************************************)
(* To begin with, instead: two leaders have each appended what nobody else *)
(* has, and it is the first one's turn again. The design gets there by     *)
(* Produce, HandOver, Learn, Produce, HandOver, and, where InitialIsr is   *)
(* less than all, Fence; from here on it takes fewer steps to see what     *)
(* becomes of epochs without a record.                                     *)
(***************************************************************************)
InitDiverged ==
    \E b, c \in Broker : \E isr \in {S \in SUBSET Broker : b \in S /\ Cardinality(S) = InitialIsr} :
        /\ b # c
        /\ pg = [leader |-> b, epoch |-> 3, pe |-> 0, isr |-> isr, elr |-> {}, recovering |-> FALSE,
                 as |-> [x \in Broker |-> 1], incarnation |-> 0, reports |-> [x \in Broker |-> None]]
        /\ node = [x \in Broker |->
                    IF x = b
                    THEN [Blank([o \in 1..MaxLog |-> [epoch |-> 1, by |-> b]], 0, TRUE, 0)
                            EXCEPT !.as = 1, !.epoch = 2, !.leader = c, !.joined = 1]
                    ELSE IF x = c
                    THEN [Blank(<<[epoch |-> 2, by |-> c]>>, 0, TRUE, 0)
                            EXCEPT !.as = 1, !.epoch = 2, !.leader = c, !.leads = TRUE, !.isr = Broker, !.joined = 2]
                    ELSE [Blank(<<>>, 0, TRUE, 0) EXCEPT !.as = 1, !.epoch = 2, !.leader = c]]
        /\ standby = None
        /\ faults = [crashes |-> 0, restarts |-> 0, failovers |-> 0]
        /\ committed = <<>>

-----------------------------------------------------------------------------
(* What a broker does without PostgreSQL. *)

Produce(l) ==
    /\ node[l].leads
    /\ Len(node[l].log) < MaxLog
    /\ node' = [node EXCEPT ![l].log = @ \o <<[epoch |-> node[l].epoch, by |-> l]>>]
    /\ UNCHANGED <<pg, standby, faults, committed>>

(* How many records of the log are of this epoch or older. *)
EndOf(epoch, log) == Cardinality({o \in DOMAIN log : log[o].epoch <= epoch})
LastEpoch(log) == IF log = <<>> THEN 0 ELSE log[Len(log)].epoch

(***************************************************************************)
(* A follower fetches: the leader learns the follower's position, and the  *)
(* follower gets the next record and the high watermark - or not, where    *)
(* the answer is lost, or comes when the follower has moved on. That the   *)
(* request may be late is covered, for what the leader has learnt it uses  *)
(* in steps of their own, at any later time. A follower that has all with  *)
(* which the leader's epoch began writes down that it has joined it before *)
(* its position counts; perhaps it does only that (Join).                  *)
(***************************************************************************)
Fetch(f, l) ==
    LET F == node[f]
        L == node[l]
        at == Len(F.log)
        end == EndOf(LastEpoch(F.log), L.log)
        found == LastEpoch(Prefix(L.log, end))
        diverges == Rule("TruncateByEpoch") /\ at > 0 /\ (found < LastEpoch(F.log) \/ end < at)
        cut == Min({end, EndOf(found, F.log)})
        grown == IF at < Len(L.log) THEN F.log \o <<L.log[at + 1]>> ELSE F.log
        told == [L EXCEPT !.position[f] = [at |-> at, as |-> F.as]]
        joined == IF Rule("JoinBeforeCount") /\ at >= L.start THEN L.epoch ELSE F.joined   \* R19
    IN
    /\ f # l
    /\ F.as # 0
    /\ F.leader = l
    /\ L.leads
    /\ Rule("FetchChecksEpoch") => F.epoch = L.epoch                                     \* R3
    /\ IF diverges
       THEN node' = [node EXCEPT ![f].log = Prefix(F.log, cut), ![f].hw = Min({F.hw, cut})]
       ELSE /\ at <= Len(L.log)
            /\ \/ node' = [node EXCEPT ![l] = told, ![f].joined = joined]
               \/ "Join" \notin Idle /\ node' = [node EXCEPT ![f].joined = joined]
               \/ node' = [node EXCEPT ![l] = told, ![f].log = grown, ![f].hw = Max({F.hw, Min({L.hw, Len(grown)})}),
                                       ![f].joined = Max({joined, LastEpoch(grown)})]
    /\ node' # node
    /\ UNCHANGED <<pg, standby, faults, committed>>

(* The ISR as large as it may be: the one known, with what was asked for (R1). *)
Asked(l) == IF node[l].pending = None THEN {} ELSE node[l].pending.isr
MaximalIsr(l) == node[l].isr \cup (IF Rule("MaximalIsr") THEN Asked(l) ELSE {})

(* A leader tells no end of the log before it has the end it began with (R6). *)
Serves(L) == L.leads /\ (Rule("WaitForHighWatermark") => L.hw >= L.start)
Never == 1000

AdvanceHighWatermark(l) ==
    LET L == node[l]
        counted == IF Rule("CommittedMinIsr") THEN L.isr ELSE MaximalIsr(l)                \* R2
        hw == Min({Len(L.log)} \cup {L.position[f].at : f \in MaximalIsr(l) \ {l}})
        told == IF Serves([L EXCEPT !.hw = hw]) THEN L.epoch ELSE Never
    IN
    /\ L.leads
    /\ Cardinality(counted) >= MinIsr
    /\ hw > L.hw
    /\ Rule("CommitFromStart") => hw >= L.start                                           \* R19
    /\ node' = [node EXCEPT ![l].hw = hw]
    /\ committed' = [o \in 1..Max({hw, Len(committed)}) |->
                        IF o > Len(committed) THEN [record |-> L.log[o], told |-> told]
                        ELSE IF o <= hw THEN [committed[o] EXCEPT !.told = Min({@, told})]
                        ELSE committed[o]]
    /\ UNCHANGED <<pg, standby, faults>>

(* Any suffix may be lost, up to the whole disk. Fewer than MinIsr brokers at a time are in this state: the bound of invariant 1. *)
Crash(b) ==
    /\ node[b].as # 0
    /\ faults.crashes < MaxCrashes
    /\ Cardinality({x \in Broker \ {b} : ~node[x].whole}) < MinIsr - 1
    /\ \E n \in 0..Len(node[b].log) :
        node' = [node EXCEPT ![b] = [Blank(Prefix(@.log, n), Min({@.hw, n}), FALSE, 0) EXCEPT !.joined = node[b].joined]]
    /\ faults' = [faults EXCEPT !.crashes = @ + 1]
    /\ UNCHANGED <<pg, standby, committed>>

(* All is flushed; the marker says so, unless the broker still lacks what it lost before (R12). *)
Restart(b) ==
    /\ node[b].as # 0
    /\ faults.restarts < MaxRestarts
    /\ node' = [node EXCEPT ![b] = [Blank(@.log, @.hw, @.whole, IF @.whole THEN @.as ELSE 0) EXCEPT !.joined = node[b].joined]]
    /\ faults' = [faults EXCEPT !.restarts = @ + 1]
    /\ UNCHANGED <<pg, standby, committed>>

-----------------------------------------------------------------------------
(* What a broker reads from PostgreSQL, and asks of it. *)

Learn(b) ==
    LET B == node[b]
        higher == pg.epoch > B.epoch                                                       \* R7
        newer == pg.epoch = B.epoch /\ B.leads /\ pg.pe > B.pe
        back == pg.epoch = B.epoch /\ ~B.whole /\ b \in pg.isr /\ pg.as[b] = B.as
        whole == B.whole \/ (b \in pg.isr /\ pg.as[b] = B.as)
        kept == IF Rule("TruncateByEpoch") THEN B.log ELSE Prefix(B.log, B.hw)
    IN
    /\ B.as # 0
    /\ Confirmed                                                                           \* R15
    /\ pg.leader # None
    /\ \/ /\ higher
          /\ pg.leader = b
          /\ node' = [node EXCEPT ![b] =
                [B EXCEPT !.epoch = pg.epoch, !.leader = b, !.leads = TRUE, !.isr = pg.isr, !.pe = pg.pe, !.pending = None,
                          !.start = Len(B.log), !.joined = pg.epoch, !.position = NoPositions, !.whole = whole]]
       \/ /\ higher
          /\ pg.leader # b
          /\ node' = [node EXCEPT ![b] =
                [Blank(kept, B.hw, whole, 0) EXCEPT !.joined = B.joined, !.as = B.as, !.epoch = pg.epoch,
                                                    !.leader = pg.leader]]
       \/ /\ newer
          /\ node' = [node EXCEPT ![b].isr = pg.isr, ![b].pe = pg.pe, ![b].pending = None, ![b].whole = whole]
       \/ /\ back /\ ~newer
          /\ node' = [node EXCEPT ![b].whole = TRUE]
    /\ UNCHANGED <<pg, standby, faults, committed>>

(* A leader asks for one member more, or one less. *)
ProposeIsr(l) ==
    LET L == node[l]
        joinAt == IF Rule("JoinAtEpochStart") THEN Max({L.hw, L.start}) ELSE L.hw          \* R4
        Ask(isr, added, as) == node' = [node EXCEPT ![l].pending = [isr |-> isr, added |-> added, as |-> as]]
    IN
    /\ L.leads
    /\ L.pending = None
    /\ pg.pe < MaxChanges
    /\ \E f \in Broker \ {l} :
        \/ /\ f \notin L.isr
           /\ L.position[f].as # 0
           /\ L.position[f].at >= joinAt
           /\ Ask(L.isr \cup {f}, f, L.position[f].as)
        \/ /\ f \in L.isr
           /\ "Shrink" \notin Idle
           /\ Ask(L.isr \ {f}, None, 0)
    /\ UNCHANGED <<pg, standby, faults, committed>>

-----------------------------------------------------------------------------
(* What is done in PostgreSQL, each in one transaction. *)

(* Who was in the ISR when it fell below the minimum has all that was acknowledged, for nothing was since (R10). *)
Eligible(isr, unclean) ==
    IF ~Rule("EligibleReplicas") \/ Cardinality(isr) >= MinIsr THEN {} ELSE ((pg.elr \cup pg.isr) \ isr) \ unclean

(* The ISR without one; left out of the design, the last one stays. *)
Without(b) == IF ~Rule("EligibleReplicas") /\ pg.isr = {b} THEN pg.isr ELSE pg.isr \ {b}

MayChange == Confirmed /\ pg.pe < MaxChanges
MayElect == MayChange /\ pg.epoch - FirstEpoch(pg.incarnation) < MaxElections

(***************************************************************************)
(* What a leader asked for is taken or refused, as often as it was sent.   *)
(* That the row has moved on is no refusal: perhaps it was taken before.   *)
(***************************************************************************)
DecideIsr(l) ==
    LET L == node[l]
        asked == L.pending
        current == pg.leader = l /\ pg.epoch = L.epoch /\ pg.pe = L.pe                     \* R8
        same == asked.added = None \/ pg.as[asked.added] = asked.as                        \* R9
        taken == (Rule("CompareAndSet") => current) /\ (Rule("BrokerEpoch") => same)
    IN
    /\ asked # None
    /\ Confirmed
    /\ IF taken
       THEN /\ pg.pe < MaxChanges
            /\ pg' = [pg EXCEPT !.isr = asked.isr, !.pe = @ + 1, !.elr = Eligible(asked.isr, {}),
                                !.recovering = @ /\ Cardinality(asked.isr) < MinIsr]
            /\ UNCHANGED node
       ELSE /\ Rule("StaleIsNoRefusal") => current                                        \* R5
            /\ node' = [node EXCEPT ![l].pending = None]
            /\ UNCHANGED pg
    /\ UNCHANGED <<standby, faults, committed>>

(* A lease ran out, or seemed to: the broker leaves the ISR, and another leads if it led. *)
Fence(b) ==
    LET isr == Without(b) IN
    /\ "Fence" \notin Idle
    /\ b \in pg.isr
    /\ \/ /\ pg.leader # b
          /\ MayChange
          /\ isr # pg.isr
          /\ pg' = [pg EXCEPT !.isr = isr, !.elr = Eligible(isr, {}), !.pe = @ + 1]
       \/ /\ pg.leader = b
          /\ MayElect
          /\ \E l \in IF isr \ {b} = {} THEN {None} ELSE isr :
                pg' = [pg EXCEPT !.isr = isr, !.elr = Eligible(isr, {}), !.leader = l, !.epoch = @ + 1, !.pe = @ + 1]
    /\ UNCHANGED <<standby, node, faults, committed>>

(* From the ISR; where it is empty, from those who are eligible (R11). *)
Elect(l) ==
    /\ MayElect
    /\ pg.leader = None
    /\ l \in IF pg.isr # {} THEN pg.isr ELSE pg.elr
    /\ pg' = [pg EXCEPT !.leader = l, !.epoch = @ + 1, !.pe = @ + 1, !.isr = @ \cup {l}, !.elr = @ \ {l}]
    /\ UNCHANGED <<standby, node, faults, committed>>

(* Leadership goes to another in the ISR: an orderly stop, or the preferred leader is back. *)
HandOver(l) ==
    /\ "HandOver" \notin Idle
    /\ MayElect
    /\ pg.leader # None
    /\ l \in pg.isr \ {pg.leader}
    /\ pg' = [pg EXCEPT !.leader = l, !.epoch = @ + 1, !.pe = @ + 1]
    /\ UNCHANGED <<standby, node, faults, committed>>

(* A new broker epoch. Without the marker of an orderly stop under the epoch before, the broker leaves the ISR with it (R12). *)
Register(b) ==
    LET clean == node[b].marker # 0 /\ node[b].marker = pg.as[b]
        leaves == ~clean /\ Rule("UncleanLeavesIsr")
        as == Max({pg.as[b], node[b].as}) + 1                                              \* R18
        isr == IF leaves THEN Without(b) ELSE pg.isr
        elr == IF leaves THEN Eligible(isr, {b}) ELSE pg.elr
        registered == [pg EXCEPT !.as[b] = as, !.reports[b] = None]
    IN
    /\ node[b].as # pg.as[b]
    /\ node' = [node EXCEPT ![b].as = as, ![b].marker = 0]
    /\ \/ /\ ~Confirmed
          /\ pg' = registered
       \/ /\ Confirmed
          /\ pg.leader # b
          /\ pg' = IF isr = pg.isr /\ elr = pg.elr
                   THEN registered
                   ELSE [registered EXCEPT !.isr = isr, !.elr = elr, !.pe = @ + 1]
       \/ /\ Confirmed
          /\ pg.leader = b
          /\ \E l \in IF isr \ {b} = {} THEN {None} ELSE isr :
                pg' = [registered EXCEPT !.isr = isr, !.elr = elr, !.leader = l, !.epoch = @ + 1, !.pe = @ + 1]
    /\ UNCHANGED <<standby, faults, committed>>

-----------------------------------------------------------------------------
(* PostgreSQL fails over to an older state, and the way back from there. *)

Replicate ==
    /\ standby = None
    /\ faults.failovers < MaxFailovers
    /\ standby' = pg
    /\ UNCHANGED <<pg, node, faults, committed>>

FailOver ==
    /\ standby # None
    /\ pg' = IF Rule("Incarnation")                                                        \* R14, R15
             THEN [standby EXCEPT !.incarnation = pg.incarnation + 1, !.reports = [b \in Broker |-> None]]
             ELSE standby
    /\ standby' = None
    /\ faults' = [faults EXCEPT !.failovers = @ + 1]
    /\ UNCHANGED <<node, committed>>

(* A broker gives up what it had from earlier incarnations, and says what its log has (R16). *)
Report(b) ==
    LET B == node[b] IN
    /\ Incarnation(B.epoch) < pg.incarnation
    /\ B.as # 0
    /\ B.as = pg.as[b]
    /\ Rule("WholeReports") => B.whole
    /\ pg.reports[b] = None
    /\ node' = IF Rule("Promise")
               THEN [node EXCEPT ![b] = [Blank(B.log, B.hw, B.whole, 0) EXCEPT !.joined = B.joined, !.as = B.as, !.epoch = FirstEpoch(pg.incarnation)]]
               ELSE node
    /\ pg' = [pg EXCEPT !.reports[b] = [epoch |-> IF Rule("JoinBeforeCount") THEN B.joined ELSE LastEpoch(B.log), end |-> Len(B.log)]]
    /\ UNCHANGED <<standby, faults, committed>>

AtLeast(r, s) == r.epoch > s.epoch \/ (r.epoch = s.epoch /\ r.end >= s.end)

(* Of so many replicas that one at least has all that was acknowledged, the one with the longest log of the highest epoch leads (R17). *)
Recover(l) ==
    /\ ~Confirmed \/ (pg.recovering /\ pg.leader = None)
    /\ \E Q \in SUBSET {b \in Broker : pg.reports[b] # None} :
        /\ l \in Q
        /\ Rule("ReportQuorum") => Cardinality(Q) >= Cardinality(Broker) - MinIsr + 1
        /\ \A b \in Q : AtLeast(pg.reports[l], pg.reports[b])
    /\ pg' = [pg EXCEPT !.leader = l, !.epoch = Max({@, FirstEpoch(pg.incarnation)}) + 1, !.pe = @ + 1,
                        !.isr = {l}, !.elr = {}, !.recovering = MinIsr > 1]
    /\ UNCHANGED <<standby, node, faults, committed>>

-----------------------------------------------------------------------------

Next ==
    \/ \E b \in Broker :
        \/ Produce(b) \/ AdvanceHighWatermark(b) \/ Crash(b) \/ Restart(b)
        \/ Learn(b) \/ ProposeIsr(b) \/ DecideIsr(b)
        \/ Fence(b) \/ Elect(b) \/ HandOver(b) \/ Register(b)
        \/ Report(b) \/ Recover(b)
        \/ \E l \in Broker : Fetch(b, l)
    \/ Replicate
    \/ FailOver

Spec == Init /\ [][Next]_vars
SpecDiverged == InitDiverged /\ [][Next]_vars

Symmetry == Permutations(Broker)

-----------------------------------------------------------------------------
(* What must always hold; the numbers are those of the README. *)

HasCommitted(log) == Len(log) >= Len(committed) /\ \A o \in DOMAIN committed : log[o] = committed[o].record

(* 1. Whoever PostgreSQL names leader, and has registered, has all that was acknowledged ... *)
AcknowledgedSurvives ==
    Confirmed /\ pg.leader # None /\ node[pg.leader].as = pg.as[pg.leader] => HasCommitted(node[pg.leader].log)

(* ... and there always is somebody to be named. *)
SomebodyIsEligible == Confirmed /\ ~pg.recovering => pg.isr \cup pg.elr # {}

(* 2. What is below any high watermark is the same everywhere. *)
OneValuePerOffset ==
    \A b \in Broker : \A o \in 1..node[b].hw : o <= Len(committed) /\ node[b].log[o] = committed[o].record

(* 4. *)
OneLeaderPerEpoch ==
    LET led == {[epoch |-> node[b].epoch, by |-> b] : b \in {x \in Broker : node[x].leads}}
                \cup UNION {{node[b].log[o] : o \in DOMAIN node[b].log} : b \in Broker}
    IN \A x, y \in led : x.epoch = y.epoch => x.by = y.by

EpochsRise ==
    [][/\ \A b \in Broker : node'[b].as = 0 \/ node[b].as = 0 \/ (node'[b].epoch >= node[b].epoch /\ node'[b].as >= node[b].as)
       /\ pg'.epoch >= pg.epoch \/ faults'.failovers # faults.failovers]_vars

(* 5. *)
WatermarkInLog == \A b \in Broker : node[b].hw \in 0..Len(node[b].log)

NoWatermarkGoesBack ==
    \A b \in Broker : Serves(node[b]) => \A o \in DOMAIN committed : committed[o].told <= node[b].epoch => node[b].hw >= o

(* 6. Logs that have the same epoch at the same offset are the same up to there, and epochs do not fall along a log. *)
LogsMatch ==
    /\ \A b \in Broker : \A o \in 2..Len(node[b].log) : node[b].log[o - 1].epoch <= node[b].log[o].epoch
    /\ \A b, c \in Broker : \A o \in DOMAIN node[b].log \cap DOMAIN node[c].log :
        node[b].log[o].epoch = node[c].log[o].epoch => Prefix(node[b].log, o) = Prefix(node[c].log, o)

-----------------------------------------------------------------------------
(* That each of these is found violated shows that the model gets there at all. *)

NoSuccessorServes ==
    ~\E l \in Broker : /\ committed # <<>>
                       /\ Serves(node[l])
                       /\ node[l].epoch = pg.epoch
                       /\ node[l].epoch > committed[1].record.epoch
                       /\ ~node[committed[1].record.by].whole

NoZombieLeads == ~\E a, b \in Broker : node[a].leads /\ node[b].leads /\ node[a].epoch < node[b].epoch

NoRejoin == ~(faults.crashes > 0 /\ committed # <<>> /\ pg.isr = Broker /\ \A b \in Broker : node[b].whole /\ node[b].as = pg.as[b])

NoEligibleElected ==
    ~(committed # <<>> /\ pg.elr # {} /\ \E l \in Broker : node[l].leads /\ node[l].epoch = pg.epoch /\ pg.isr = {l})

NoRecovery ==
    ~(faults.failovers > 0 /\ Confirmed /\ ~pg.recovering /\ \E l \in Broker : Serves(node[l]) /\ node[l].epoch = pg.epoch /\ node[l].hw > 0)

NoCutByEpoch ==
    [][\A b \in Broker : node[b].as # 0 /\ node'[b].as # 0 => Len(node'[b].log) >= Len(node[b].log)]_vars
==============================================================================
