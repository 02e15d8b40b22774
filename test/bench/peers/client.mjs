// node client.mjs upload|download attach:PATH,HOST:PORT BYTES CHUNK, or pingpong attach:PATH,HOST:PORT ROUNDS BYTES: what
// test/stubs/go/bench does, by the typed client.

import { connect } from "../../../dist/client/index.js";
import { percentiles, rate } from "./report.mjs";

const [what, via = "", count = 0, chunk = 0] = process.argv.slice(2).map((one, i) => (i > 1 ? Number(one) : one));
const [, path, host, port] = /^attach:([^,]*),(.*):(\d+)$/.exec(via) ?? [];
const broker = await connect({ endpoint: `unix:${path}` });
const socket = await broker.createConnection({ host, port: Number(port) });
await socket.setsockopt(broker.constants.IPPROTO_TCP, broker.constants.TCP_NODELAY, 1);
const attachment = await socket.attach();
const header = Buffer.alloc(9);
header.write({ upload: "s", download: "d", pingpong: "e" }[what]);
header.writeBigUInt64BE(BigInt(count), 1);
await attachment.write(header);
console.log(await { upload, download, pingpong }[what]());
await broker.close();

async function upload() {
  const data = Buffer.alloc(chunk);
  const began = performance.now();
  for (let left = count; left > 0; left -= chunk) await attachment.write(data.subarray(0, Math.min(left, chunk)));
  await read();
  return rate(count, began);
}

async function download() {
  const began = performance.now();
  for (let left = count; left > 0; ) left -= await read();
  return rate(count, began);
}

async function pingpong() {
  const data = Buffer.alloc(chunk);
  const times = [];
  for (let round = 0; round < count; round++) {
    const began = performance.now();
    await attachment.write(data);
    for (let left = chunk; left > 0; ) left -= await read();
    times.push((performance.now() - began) * 1_000);
  }
  return percentiles(times);
}

async function read() {
  for (;;) {
    const frame = await attachment.read();
    if (frame === null) throw new Error("the connection ended");
    if (frame.type === "error") throw frame.error;
    if (frame.type === "data") return frame.data.length;
  }
}
