import { Server } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { http2OptionsOf, http2ServersOf, serializerOf } from "./grpc-js-private.js";

test("a missing private member of grpc-js is an error", () => {
  const none = {} as Server;
  expect(() => http2ServersOf(none)).toThrow("keeps its HTTP/2 servers elsewhere");
  expect(() => http2OptionsOf(none)).toThrow("keeps the options of its HTTP/2 servers elsewhere");
  expect(() => serializerOf(none)).toThrow("keeps the serializer of a stream elsewhere");
  expect(() => serializerOf({ call: {} })).toThrow("keeps the serializer of a stream elsewhere");
});

test("grpc-js has the options of its HTTP/2 servers, and none of these before it listens", () => {
  const server = new Server();
  expect(http2OptionsOf(server)).toBeTypeOf("object");
  expect(() => http2ServersOf(server)).toThrow("keeps its HTTP/2 servers elsewhere");
});
