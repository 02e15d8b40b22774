// node rpc-floor.mjs PATH: an upload, a download and an echo on the daemon's server half of gRPC, without the daemon and
// its sockets. For `npm run bench -- --peers`.

import { createServer } from "node:net";
import { StreamService } from "../../../dist/gen/sockbroker/v1/stream_service_pb.js";
import { Budget } from "../../../dist/rpc/server/budget.js";
import { createRpcServer } from "../../../dist/rpc/server/server.js";
import { TurnOwner } from "../../../dist/rpc/server/turns.js";

const CHUNK = 64 * 1024;
const MIB = 2 ** 20;

/** A ServerFrame with CHUNK bytes of data. */
const frame = Buffer.concat([Buffer.from([0x12, 0x80, 0x80, 0x04]), Buffer.alloc(CHUNK)]);

function serve(call) {
  const echo = call.values("bench-echo").length > 0;
  const [source = "0"] = call.values("bench-source");
  call.start(
    {
      // The data of a ClientFrame and of a ServerFrame have the same number.
      onMessage: (message) => echo && call.write(message),
      onEnd: () => call.end(),
      onClose: () => undefined,
    },
    (error) => {
      throw error;
    },
  );
  send(call, Number(source));
}

function send(call, left) {
  if (left > 0) call.write(frame, () => send(call, left - CHUNK));
}

const server = createRpcServer({
  maxRequestBytes: 4 * MIB,
  services: [{ service: StreamService, bidiBytes: { attach: serve, watch: serve } }],
  statusOf: (error) => {
    throw error;
  },
  malformed: (error) => error,
});
createServer((socket) => {
  const [budget, owner] = [new Budget(64 * MIB), new TurnOwner()];
  server.inject(socket, "", { maxStreams: 100, windowBytes: 256 * 1024, budget, owner });
}).listen(process.argv[2]);
