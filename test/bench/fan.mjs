// Many attach streams at once, with and without one whose reader has stopped: the others must not be affected.

import { connect } from "../../dist/client/index.js";

const STREAMS = 64;

export const fanCases = {
  title: `${STREAMS} attach streams`,
  unit: `megabytes per second of ${STREAMS - 1} of them`,
  open: async ({ daemonPath, ports }) => {
    const broker = await connect({ endpoint: `unix:${daemonPath}` });
    return [
      { name: "all read", base: true, run: (time) => fan(broker, ports.source, time, false) },
      { name: "one stalled", run: (time) => fan(broker, ports.source, time, true), close: () => broker.close() },
    ];
  },
};

async function fan(broker, port, milliseconds, stall) {
  const sockets = await Promise.all(Array.from({ length: STREAMS }, () => broker.socket()));
  await Promise.all(sockets.map((socket) => socket.connect({ host: "127.0.0.1", port })));
  const attachments = await Promise.all(sockets.map((socket) => socket.attach({ direction: "receive" })));
  const started = performance.now();
  const read = async (attachment) => {
    let bytes = 0;
    while (performance.now() - started < milliseconds) bytes += (await attachment.read()).data.length;
    return bytes;
  };
  const [, ...others] = attachments;
  const first = stall ? 0 : read(attachments[0]);
  const bytes = await Promise.all(others.map(read));
  const elapsed = (performance.now() - started) / 1_000;
  await first;
  for (const attachment of attachments) attachment.cancel();
  await Promise.all(sockets.map((socket) => socket.close()));
  return bytes.reduce((sum, count) => sum + count, 0) / 1e6 / elapsed;
}
