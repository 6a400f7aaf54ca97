-- Where Kafka clients reach the holder of a lease; null for one that has no Kafka listener, and while nobody holds it.
alter table metadata.lease
    add column kafka_host text,
    add column kafka_port int check (kafka_port between 1 and 65535),
    add constraint kafka_address_is_whole check ((kafka_host is null) = (kafka_port is null));
