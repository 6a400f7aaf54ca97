-- What processes have seen that this database has lost: the topics and deletions of the latest image that any of them has. Whoever finds
-- that it knows more tells them before that is noted, and the controller brings them back. See docs/adr/0020-postgres-goes-back.md.
create table metadata.topics_seen (
    singleton   boolean primary key default true check (singleton),
    incarnation int    not null,
    version     bigint not null,
    topics      jsonb  not null
);

-- Notes a contradiction together with the image that contradicts. Not while an incarnation begins, after which it contradicts no more: what
-- was told too late would be taken for what a later loss has to bring back.
create function metadata.tell_topics(known_incarnation int, known_version bigint, known_topics jsonb) returns void
    language plpgsql as $$
begin
    perform from metadata.cluster where incarnation <= known_incarnation for update;
    if not found then
        return;
    end if;
    insert into metadata.topics_seen as seen (incarnation, version, topics)
    values (known_incarnation, known_version, known_topics)
    on conflict (singleton) do update
    set incarnation = excluded.incarnation, version = excluded.version, topics = excluded.topics
    where (seen.incarnation, seen.version) < (excluded.incarnation, excluded.version);
    perform metadata.note_contradiction(known_incarnation, known_version);
end
$$;
