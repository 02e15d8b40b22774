// Operations per second. The broker's are send and recv of 16 bytes on a pair of sockets, in equal parts: each is one
// system call. The bare server echoes 16 bytes.

import { create } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { connect } from "../../dist/client/index.js";
import { SessionRequestSchema, SessionService } from "../../dist/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../dist/gen/sockbroker/v1/socket_service_pb.js";
import { clientMethod } from "../../dist/rpc/service-definition.js";

const payload = Buffer.alloc(16, 7);
const same = (bytes) => bytes;
const UNARY_IN_FLIGHT = 64;
const STREAM_IN_FLIGHT = 1_024;
const BATCH = 64;

export const operationCases = {
  title: "operations",
  unit: "per second",
  open: async ({ daemonPath, echoPath }) => [
    bareUnary(echoPath),
    bareStream(echoPath),
    await brokerUnary(daemonPath),
    await rawSession(daemonPath, 1),
    await rawSession(daemonPath, BATCH),
    await typedClient(daemonPath),
  ],
};

function bareUnary(path) {
  const client = clientOf(path);
  return {
    name: "bare gRPC echo, unary",
    base: true,
    run: (milliseconds) =>
      inFlight(UNARY_IN_FLIGHT, milliseconds, (done) =>
        client.makeUnaryRequest("/echo.Echo/Unary", same, same, payload, new Metadata(), done),
      ),
    close: () => client.close(),
  };
}

function bareStream(path) {
  const client = clientOf(path);
  return {
    name: "bare gRPC echo, one stream",
    run: (milliseconds) => {
      const call = client.makeBidiStreamRequest("/echo.Echo/Stream", same, same, new Metadata());
      return pipelined(
        call,
        milliseconds,
        STREAM_IN_FLIGHT,
        () => payload,
        1,
        () => 1,
      );
    },
    close: () => client.close(),
  };
}

async function brokerUnary(path) {
  const client = clientOf(path);
  const { first, second } = await new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = clientMethod(SocketService.method.socketpair);
    const request = create(SocketService.method.socketpair.input);
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });
  const caller = (method, init) => {
    const { path, requestSerialize, responseDeserialize } = clientMethod(method);
    const request = create(method.input, init);
    return (done) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), done);
  };
  const send = caller(SocketService.method.send, { handle: first.handle, data: payload });
  const recv = caller(SocketService.method.recv, { handle: second.handle, maxBytes: 16n });
  let turn = 0;
  return {
    name: "broker, unary",
    run: (milliseconds) =>
      inFlight(UNARY_IN_FLIGHT, milliseconds, (done) => (turn++ % 2 === 0 ? send(done) : recv(done))),
    close: () => client.close(),
  };
}

async function rawSession(path, batch) {
  const client = clientOf(path);
  const { path: method, requestSerialize, responseDeserialize } = clientMethod(SessionService.method.session);
  const open = () => client.makeBidiStreamRequest(method, requestSerialize, responseDeserialize, new Metadata());
  return {
    name: batch === 1 ? "broker, stubs, one an operation" : `broker, stubs, ${batch} operations a message`,
    run: async (milliseconds) => {
      const call = open();
      const pair = new Promise((resolve) => {
        call.once("data", ({ results }) => resolve(results[0].outcome.value));
      });
      call.write(message([{ opId: 1n, request: { case: "socketpair", value: {} } }]));
      const { first, second } = await pair;
      let opId = 1n;
      const next = () => {
        const operations = [];
        for (let i = 0; i < Math.max(batch, 2); i += 2) {
          opId += 2n;
          const send = { case: "send", value: { handle: first.handle, data: payload } };
          const recv = { case: "recv", value: { handle: second.handle, maxBytes: 16n } };
          operations.push({ opId, request: send }, { opId: opId + 1n, request: recv });
        }
        return operations;
      };
      let pending = [];
      const one = () => {
        if (pending.length === 0) pending = next();
        return message([pending.shift()]);
      };
      const many = () => message(next());
      const rate = await pipelined(call, milliseconds, STREAM_IN_FLIGHT, batch === 1 ? one : many, batch, count);
      return rate;
    },
    close: () => client.close(),
  };

  function message(operations) {
    return create(SessionRequestSchema, { operations });
  }

  function count({ results }) {
    for (const { outcome } of results) if (outcome.case === "error") throw new Error(outcome.value.message);
    return results.length;
  }
}

async function typedClient(path) {
  const broker = await connect({ endpoint: `unix:${path}` });
  const [here, there] = await broker.socketpair();
  return {
    name: "broker, typed client",
    run: async (milliseconds) => {
      let done = 0;
      const started = performance.now();
      const worker = async () => {
        while (performance.now() - started < milliseconds) {
          const sent = here.send(payload);
          await there.recv(16);
          await sent;
          done += 2;
        }
      };
      await Promise.all(Array.from({ length: STREAM_IN_FLIGHT / 2 }, worker));
      return (done / (performance.now() - started)) * 1_000;
    },
    close: () => broker.close(),
  };
}

function clientOf(path) {
  return new Client(`unix:${path}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_channelz": 0,
  });
}

/** Keeps `count` calls in flight, and returns how many completed per second. */
function inFlight(count, milliseconds, call) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let done = 0;
    let open = 0;
    const issue = () => {
      open++;
      call((error) => {
        open--;
        if (error !== null) reject(error);
        done++;
        if (performance.now() - started < milliseconds) issue();
        else if (open === 0) resolve((done / (performance.now() - started)) * 1_000);
      });
    };
    for (let i = 0; i < count; i++) issue();
  });
}

/** Keeps `window` operations in flight on one stream, and returns how many completed per second. */
function pipelined(call, milliseconds, window, next, batch, count) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let sent = 0;
    let done = 0;
    let over = false;
    const fill = () => {
      while (!over && sent - done + batch <= window) {
        call.write(next());
        sent += batch;
      }
    };
    call.on("data", (message) => {
      done += count(message);
      over ||= performance.now() - started >= milliseconds;
      if (!over) fill();
      else if (sent - done <= 0) {
        const rate = (done / (performance.now() - started)) * 1_000;
        call.end();
        resolve(rate);
      }
    });
    call.on("error", reject);
    fill();
  });
}
