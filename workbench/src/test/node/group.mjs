// Two consumers of a group share a topic, one leaves, and no record is missed: node group.mjs LIBRARY BOOTSTRAP_SERVERS TOPIC
// The last line that it prints is what it saw, as JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [library, bootstrapServers, topic] = process.argv.slice(2);
const require = createRequire(pathToFileURL(process.cwd() + '/'));
const PARTITIONS = 4;
const RECORDS = 400;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 100;
const brokers = bootstrapServers.split(',');

/** What belongs to one library alone. */
const clients = {
  kafkajs() {
    const { Kafka, CompressionTypes, logLevel } = require('kafkajs');
    const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR });
    return {
      admin: kafka.admin(),
      producer: kafka.producer({ idempotent: true }),
      sending: { acks: -1, compression: CompressionTypes.GZIP },
      consumer: () => kafka.consumer({ groupId: topic, sessionTimeout: 10_000, heartbeatInterval: 300 }),
      subscription: { topics: [topic], fromBeginning: true },
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

async function send(count) {
  const messages = Array.from({ length: count }, () => ({ partition: sent % PARTITIONS, key: `key-${sent}`, value: `${sent++}` }));
  await client.producer.send({ topic, messages, ...client.sending });
  return messages;
}

const isRead = messages => messages.every(message => readers.has(message.value));

/** Sends a record to every partition again and again, until so many partitions are read by each consumer. */
async function untilShared(what, shares) {
  await until(what, async () => {
    const round = await send(PARTITIONS);
    await until(what, () => isRead(round));
    const counts = {};
    round.forEach(message => (counts[readers.get(message.value)[0]] = (counts[readers.get(message.value)[0]] ?? 0) + 1));
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
const records = await send(RECORDS);
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
