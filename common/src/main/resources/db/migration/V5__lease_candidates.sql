-- Processes that compete for leases which are to be spread evenly, whether or not they hold any: the even share is that of
-- the rows whose time has not run out. Not part of the cluster image; a row goes when its process stops, or some time
-- after it died.
create table metadata.lease_candidate (
    holder     text primary key,
    expires_at timestamptz not null
);
