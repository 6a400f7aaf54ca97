-- The owner's epoch in which it was given the partition, as long as it holds it: its commits of that epoch and of later ones are taken for
-- it, also after the owner's epoch has risen (KIP-1251). Null where nobody owns it.
alter table groups.assignment
    add column owner_epoch bigint;

update groups.assignment
set owner_epoch = member.epoch
from groups.member
where member.group_id = assignment.group_id and member.member_id = assignment.owner_member;
