// node test/soak/victim.mjs ENDPOINT SEED: opens some of everything at the daemon, prints a line, and waits to be
// killed.

import { connect } from "../../dist/client/index.js";
import { random } from "./random.mjs";

const [endpoint, seed] = process.argv.slice(2);
const dice = random(Number(seed));
const ignore = () => undefined;

for (let count = dice.between(1, 3); count > 0; count--) {
  await open(dice.pick([undefined, { name: "victim", lease: 1 }])).catch(onlyForWant);
}
process.stdout.write("ready\n");
setInterval(ignore, 1_000);

async function open(session) {
  const broker = await connect({ endpoint, session });
  const server = await broker.createServer({ host: "127.0.0.1", port: 0 });
  const near = await broker.createConnection(await server.getsockname());
  const { socket: far } = await server.accept();
  server.accept().catch(ignore);
  near.recv(100).catch(ignore);
  const [left, right] = await broker.socketpair();
  broker.sendFds(left, [Buffer.from("x")], [near, far, server]).catch(ignore);
  right.recv(1).catch(ignore);
  const attached = far.duplex().on("error", ignore);
  // More than anyone reads, so it waits, in the daemon and here.
  attached.write(Buffer.alloc(dice.between(1, 4 * 1024 * 1024)));
  watch(broker, [left, right]).catch(ignore);
  for (let count = dice.below(20); count > 0; count--) await broker.socket(2, 2);
}

async function watch(broker, sockets) {
  for await (const _ of broker.watch(sockets.map((socket) => ({ socket, events: 1 }))));
}

function onlyForWant(error) {
  if (!["EMFILE", "ENFILE", "CONNECTION_LOST", "NOT_A_BROKER"].includes(error.code)) throw error;
}
