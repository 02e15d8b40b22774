// Attach streams compared with a direct socket of this process to the same peer.

import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { connect } from "../../dist/client/index.js";

const CHUNK = Buffer.alloc(64 * 1024, 3);

const roundTrips = {
  unit: "round trips per second",
  direct: async (port, milliseconds) => {
    const socket = connectTo(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    const rate = await repeat(milliseconds, async () => {
      socket.write("x");
      await once(socket, "data");
    });
    socket.destroy();
    return rate;
  },
};

export const attachCases = {
  title: "attach",
  unit: "round trips per second of one byte; megabytes per second",
  open: async ({ daemonPath, ports }) => {
    const broker = await connect({ endpoint: `unix:${daemonPath}` });
    return [
      { name: "round trip, socket", base: true, run: (time) => roundTrips.direct(ports.echo, time) },
      {
        name: "round trip, attach",
        than: "round trip, socket",
        run: (time) => attachRoundTrip(broker, ports.echo, time),
      },
      {
        name: "round trip, send and recv",
        than: "round trip, socket",
        run: (time) => callRoundTrip(broker, ports.echo, time),
      },
      { name: "download, socket", than: "download, socket", run: (time) => directDownload(ports.source, time) },
      { name: "download, attach", than: "download, socket", run: (time) => attachDownload(broker, ports.source, time) },
      { name: "upload, socket", than: "upload, socket", run: (time) => directUpload(ports.sink, time) },
      {
        name: "upload, attach",
        than: "upload, socket",
        run: (time) => attachUpload(broker, ports.sink, time),
        close: () => broker.close(),
      },
    ];
  },
};

async function attachRoundTrip(broker, port, milliseconds) {
  const socket = await broker.createConnection({ host: "127.0.0.1", port });
  await socket.setsockopt(6, 1, 1);
  const attachment = await socket.attach();
  const rate = await repeat(milliseconds, async () => {
    await attachment.write(Buffer.from("x"));
    await attachment.read();
  });
  attachment.cancel();
  await socket.close();
  return rate;
}

async function callRoundTrip(broker, port, milliseconds) {
  const socket = await broker.createConnection({ host: "127.0.0.1", port });
  await socket.setsockopt(6, 1, 1);
  const rate = await repeat(milliseconds, async () => {
    await socket.send(Buffer.from("x"));
    await socket.recv(1);
  });
  await socket.close();
  return rate;
}

async function directDownload(port, milliseconds) {
  const socket = connectTo(port, "127.0.0.1");
  const started = performance.now();
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += chunk.length;
    if (performance.now() - started > milliseconds) break;
  }
  socket.destroy();
  return megabytes(bytes, started);
}

async function attachDownload(broker, port, milliseconds) {
  const socket = await broker.createConnection({ host: "127.0.0.1", port });
  const attachment = await socket.attach({ direction: "receive" });
  const started = performance.now();
  let bytes = 0;
  while (performance.now() - started < milliseconds) {
    const frame = await attachment.read();
    bytes += frame.data.length;
  }
  const rate = megabytes(bytes, started);
  attachment.cancel();
  await socket.close();
  return rate;
}

async function directUpload(port, milliseconds) {
  const socket = connectTo({ host: "127.0.0.1", port, allowHalfOpen: true });
  await once(socket, "connect");
  const started = performance.now();
  let bytes = 0;
  while (performance.now() - started < milliseconds) {
    bytes += CHUNK.length;
    if (!socket.write(CHUNK)) await once(socket, "drain");
  }
  socket.end();
  const [answer] = await once(socket, "data");
  if (Number(answer) !== bytes) throw new Error("bytes are missing");
  const rate = megabytes(bytes, started);
  socket.destroy();
  return rate;
}

async function attachUpload(broker, port, milliseconds) {
  const socket = await broker.createConnection({ host: "127.0.0.1", port });
  const attachment = await socket.attach();
  const started = performance.now();
  let bytes = 0;
  while (performance.now() - started < milliseconds) {
    bytes += CHUNK.length;
    await attachment.write(CHUNK);
  }
  await attachment.shutdown(1);
  const answer = await attachment.read();
  if (Number(Buffer.from(answer.data)) !== bytes) throw new Error("bytes are missing");
  const rate = megabytes(bytes, started);
  attachment.cancel();
  await socket.close();
  return rate;
}

async function repeat(milliseconds, act) {
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < milliseconds) {
    await act();
    count++;
  }
  return (count / (performance.now() - started)) * 1_000;
}

function megabytes(bytes, started) {
  return bytes / 1e6 / ((performance.now() - started) / 1_000);
}
