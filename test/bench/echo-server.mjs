// A gRPC server with nothing behind it: what a call costs in grpc-js itself. Bytes in, the same bytes out.

import { Server, ServerCredentials } from "@grpc/grpc-js";

const same = (bytes) => bytes;
const method = (name, stream) => ({
  path: `/echo.Echo/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

const server = new Server({ "grpc.enable_channelz": 0 });
server.addService(
  { unary: method("Unary", false), stream: method("Stream", true) },
  {
    unary: (call, callback) => callback(null, call.request),
    stream: (call) => {
      call.on("data", (bytes) => call.write(bytes));
      call.on("end", () => call.end());
    },
  },
);
server.bindAsync(`unix:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.on("SIGTERM", () => process.exit(0));
