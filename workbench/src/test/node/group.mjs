// Two consumers of a group share a topic, one leaves, and no record is missed: node group.mjs LIBRARY PROTOCOL BOOTSTRAP_SERVERS TOPIC
// PROTOCOL is the group's: classic, or consumer where the library speaks it. The last line that it prints is what it saw, as JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [library, protocol, bootstrapServers, topic] = process.argv.slice(2);
const require = createRequire(pathToFileURL(process.cwd() + '/'));
const PARTITIONS = 4;
const RECORDS = 400;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 100;
const brokers = bootstrapServers.split(',');
const sessions = protocol === 'classic' ? { sessionTimeout: 10_000, heartbeatInterval: 300 } : {}; // else the coordinator's

/** What the two libraries write differently. */
const clients = {
  kafkajs() {
    const { Kafka, CompressionTypes, logLevel } = require('kafkajs');
    const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR });
    return {
      admin: kafka.admin(),
      producer: kafka.producer({ idempotent: true }),
      sending: { acks: -1, compression: CompressionTypes.GZIP },
      consumer: () => kafka.consumer({ groupId: topic, maxWaitTimeInMs: 500, ...sessions }), // rejoins only between fetches
      subscription: { topics: [topic], fromBeginning: true },
    };
  },
  '@confluentinc/kafka-javascript'() {
    const { Kafka, CompressionTypes, logLevel } = require('@confluentinc/kafka-javascript').KafkaJS;
    const kafka = new Kafka({ kafkaJS: { brokers, logLevel: logLevel.ERROR } });
    return {
      admin: kafka.admin(),
      producer: kafka.producer({ kafkaJS: { idempotent: true, acks: -1, compression: CompressionTypes.LZ4 } }),
      sending: {},
      consumer: () => kafka.consumer({
        kafkaJS: { groupId: topic, fromBeginning: true, ...sessions }, 'group.protocol': protocol,
      }),
      subscription: { topics: [topic] },
    };
  },
};

const client = clients[library]();
const readers = new Map(); // by the record's value: who read it, every time
let sent = 0;

async function until(what, holds) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
  }
}

/** Resolves with the values that were sent. */
async function send(count) {
  const values = Array.from({ length: count }, () => `${sent++}`);
  const messages = values.map(value => ({ partition: value % PARTITIONS, key: `key-${value}`, value }));
  await client.producer.send({ topic, messages, ...client.sending }); // Confluent's turns the messages' own values into buffers
  return values;
}

const isRead = values => values.every(value => readers.has(value));

/** Sends a record to every partition again and again, until so many partitions are read by each consumer. */
async function untilShared(what, shares) {
  await until(what, async () => {
    const round = await send(PARTITIONS);
    await until(what, () => isRead(round));
    const counts = {};
    round.forEach(value => (counts[readers.get(value)[0]] = (counts[readers.get(value)[0]] ?? 0) + 1));
    return JSON.stringify(Object.entries(counts).sort()) === JSON.stringify(Object.entries(shares).sort());
  });
}

async function join(name) {
  const consumer = client.consumer();
  await consumer.connect();
  await consumer.subscribe(client.subscription);
  await consumer.run({
    eachMessage: async ({ message }) => {
      const value = message.value.toString();
      readers.set(value, [...(readers.get(value) ?? []), name]);
    },
  });
  return consumer;
}

await client.admin.connect();
await client.admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }] });
await client.producer.connect();
const records = await send(RECORDS); // before anybody subscribes: librdkafka asks seldom for a topic that it did not find
const first = await join('first');
await until('one consumer reads everything', () => isRead(records));
const second = await join('second');
await untilShared('two consumers share', { first: PARTITIONS / 2, second: PARTITIONS / 2 });
await second.disconnect();
await untilShared('one consumer is left', { first: PARTITIONS });
const groups = (await client.admin.listGroups()).groups.map(group => group.groupId);
await first.disconnect();
await client.producer.disconnect();
await client.admin.disconnect();
console.log(JSON.stringify({ sent, read: readers.size, isListed: groups.includes(topic) }));
process.exit(0);
