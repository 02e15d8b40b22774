// The other end of the measured sockets: echoes, sends without end, or receives and counts. Prints its ports.

import { once } from "node:events";
import { createServer } from "node:net";

const chunk = Buffer.alloc(256 * 1024, 1);
const echo = await listen((socket) => socket.setNoDelay().on("data", (data) => socket.write(data)));
const source = await listen((socket) => {
  const pump = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", pump);
  pump();
});
const sink = await listen((socket) => {
  let taken = 0;
  socket.on("data", (data) => {
    taken += data.length;
  });
  // The count is sent back when everything was received.
  socket.on("end", () => socket.end(String(taken)));
});
process.stdout.write(`${JSON.stringify({ echo, source, sink })}\n`);
process.on("SIGTERM", () => process.exit(0));

async function listen(onConnection) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}
