// node test/soak/honest.mjs ENDPOINT SECONDS SEED: a well-behaved client of the soak. Sends data over sockets of the
// daemon in different ways, and compares checksums of what was sent and received. The last line is JSON; the status is
// zero if every byte arrived, and nothing failed except for lack of descriptors, which the soak itself causes.

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../../dist/client/index.js";
import { random, sum } from "./random.mjs";

const [endpoint, seconds, seed] = process.argv.slice(2);
const dice = random(Number(seed));
const deadline = performance.now() + Number(seconds) * 1000;
const report = { transfers: 0, bytes: 0, refused: 0, mismatches: /** @type {string[]} */ ([]) };

const broker = await connect({ endpoint, session: dice.pick([undefined, { name: "honest", lease: 30 }]) });
const ways = { recv, duplex, datagrams, descriptors, cancels };
let failure = null;
try {
  while (performance.now() < deadline) await transfer(dice.pick(Object.keys(ways)));
} catch (error) {
  failure = error instanceof Error ? error.stack : String(error);
}
await broker.close();
process.stdout.write(`${JSON.stringify({ ...report, failure })}\n`);
process.exitCode = failure === null && report.mismatches.length === 0 ? 0 : 1;

/** @param {keyof typeof ways} way */
async function transfer(way) {
  const pair = await openPair(way);
  // There is no free descriptor at the moment.
  if (pair === null) return await delay(50);
  try {
    const { sent, received } = await ways[way](pair[0], pair[1]);
    report.transfers += 1;
    report.bytes += sent.reduce((total, chunk) => total + chunk.length, 0);
    if (sum(sent) !== sum(received)) report.mismatches.push(way);
  } finally {
    for (const socket of pair) await socket.close();
  }
}

async function openPair(way) {
  const open = [];
  const keep = (socket) => {
    open.push(socket);
    return socket;
  };
  try {
    if (way === "descriptors") return (await broker.socketpair()).map(keep);
    if (way === "datagrams") {
      const [one, other] = [keep(await broker.socket(2, 2)), keep(await broker.socket(2, 2))];
      const address = await other.bind({ host: "127.0.0.1", port: 0 });
      await one.connect(address);
      await other.connect(await one.getsockname());
      return [one, other];
    }
    const server = keep(await broker.createServer({ host: "127.0.0.1", port: 0 }));
    const near = keep(await broker.createConnection(await server.getsockname()));
    const { socket: far } = await server.accept();
    keep(far);
    await server.close();
    return [near, far];
  } catch (error) {
    for (const socket of open) await socket.close();
    if (!["EMFILE", "ENFILE"].includes(error.code)) throw error;
    report.refused += 1;
    return null;
  }
}

function chunks() {
  return Array.from({ length: dice.between(1, 12) }, () => dice.bytes(4 * dice.between(1, 2 ** dice.between(4, 15))));
}

/** By operations of one stream: sendall and recv. */
async function recv(near, far) {
  const sent = chunks();
  const received = [];
  const receiving = (async () => {
    for (;;) {
      const data = await far.recv(dice.between(1, 100_000));
      if (data.length === 0) return;
      received.push(data);
    }
  })();
  for (const chunk of sent) await near.sendall(chunk);
  await near.shutdown(1);
  await receiving;
  return { sent, received };
}

/** By attach streams: each side writes, and reads to the end. */
async function duplex(near, far) {
  const ends = [near.duplex(), far.duplex()];
  const sent = [chunks(), chunks()];
  const received = await Promise.all(
    ends.map(async (end, side) => {
      const writing = (async () => {
        for (const chunk of sent[side]) if (!end.write(chunk)) await once(end, "drain");
        end.end();
      })();
      const read = [];
      for await (const chunk of end.iterator({ destroyOnReturn: false })) read.push(chunk);
      await writing;
      return read;
    }),
  );
  await Promise.all(ends.map((end) => end.closed || once(end, "close")));
  return { sent: sent.flat(), received: [...received[1], ...received[0]] };
}

/** One at a time, so that none is dropped. */
async function datagrams(near, far) {
  const sent = Array.from({ length: dice.between(1, 50) }, () => dice.bytes(4 * dice.between(1, 10_000)));
  const received = [];
  for (const datagram of sent) {
    await near.send(datagram);
    received.push(await far.recv(65_536));
  }
  return { sent, received };
}

/** Sends a socket through another one, and then data through it. */
async function descriptors(near, far) {
  let pair;
  let handed;
  try {
    pair = await broker.socketpair();
    await broker.sendFds(near, [Buffer.from("here")], [pair[0]]);
    handed = await broker.recvFds(far, 4, 1);
  } catch (error) {
    for (const socket of pair ?? []) await socket.close();
    if (!["EMFILE", "ENFILE", "ETOOMANYREFS"].includes(error.code)) throw error;
    return { sent: [], received: [] };
  }
  const [fileno] = handed.fds;
  try {
    // Without a free descriptor the kernel delivers the message without the socket.
    if (fileno === undefined) return { sent: [], received: [] };
    const socket = await broker.socket(undefined, undefined, undefined, { fileno });
    try {
      return await recv(pair[1], socket);
    } finally {
      await socket.close();
    }
  } finally {
    for (const socket of pair) await socket.close();
  }
}

/** A cancelled receive has consumed nothing, whenever the cancellation arrives. */
async function cancels(near, far) {
  const sent = [];
  const received = [];
  for (let count = dice.between(5, 40); count > 0; count--) {
    const data = dice.bytes(4 * dice.between(1, 500));
    const stop = new AbortController();
    const receiving = far.recv(65_536, { signal: stop.signal }).then(
      (some) => received.push(some),
      (error) => {
        if (!stop.signal.aborted) throw error;
      },
    );
    const sending = near.sendall(data);
    sent.push(data);
    if (dice.below(2) === 0) await delay(dice.below(3));
    stop.abort();
    await Promise.all([receiving, sending]);
  }
  await near.shutdown(1);
  for (;;) {
    const data = await far.recv(65_536);
    if (data.length === 0) return { sent, received };
    received.push(data);
  }
}
