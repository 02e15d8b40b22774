// A gRPC server without any work: the cost of a call in grpc-js itself. It echoes, sends messages of 256 KiB without
// end, or receives and counts.

import { Server, ServerCredentials } from "@grpc/grpc-js";

const same = (bytes) => bytes;
const chunk = Buffer.alloc(256 * 1024, 1);
const method = (name, requestStream, responseStream) => ({
  path: `/echo.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

const server = new Server({ "grpc.enable_channelz": 0 });
server.addService(
  {
    unary: method("Unary", false, false),
    stream: method("Stream", true, true),
    source: method("Source", false, true),
    sink: method("Sink", true, false),
  },
  {
    unary: (call, callback) => callback(null, call.request),
    stream: (call) => {
      call.on("data", (bytes) => call.write(bytes));
      call.on("end", () => call.end());
    },
    source: (call) => {
      const pump = () => {
        while (!call.cancelled && call.write(chunk));
      };
      call.on("drain", pump);
      pump();
    },
    sink: (call, callback) => {
      let taken = 0;
      call.on("data", (bytes) => {
        taken += bytes.length;
      });
      call.on("end", () => callback(null, Buffer.from(String(taken))));
    },
  },
);
server.bindAsync(`unix:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.on("SIGTERM", () => process.exit(0));
