-- Which reassignments are begun, so that a look at those few does not read all that wait.

-- begun: its partition's row is, or was at the last look, in motion.
alter table metadata.reassignment add column begun boolean not null default false;

update metadata.reassignment r
set begun = true
from metadata.partition p
where p.topic_id = r.topic_id and p.index = r.index and not r.finished and (p.adding <> '{}' or p.removing <> '{}');

create index reassignment_begun on metadata.reassignment (ordinal) where not finished and begun;
create index reassignment_waiting on metadata.reassignment (ordinal) where not finished and not begun;
