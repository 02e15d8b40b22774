/*
 * Requests made by hand have the same outcome with the server half of src/rpc as with the server of grpc-js: HTTP's
 * status, gRPC's, the text of a status that the handler chose, and the body. Needs no daemon and no policy.
 */

import type { OutgoingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../../src/rpc/code.js";
import { GrpcJsInteropServer } from "../support/grpc-js-interop-server.js";
import { ended, framed, HandMadeConnection, prefixOf } from "../support/hand-made-calls.js";
import { InteropServer } from "../support/interop-server.js";

const UNARY = "/interop.Test/Unary";
const OUTPUT = "/interop.Test/Output";
const DUPLEX = "/interop.Test/Duplex";
const SLEEP = "/interop.Test/Sleep";

let ours: InteropServer;
let oracle: GrpcJsInteropServer;
beforeAll(async () => {
  [ours, oracle] = await Promise.all([InteropServer.start(), GrpcJsInteropServer.start()]);
});
afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await oracle[Symbol.asyncDispose]();
});

interface Request {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: Buffer;
}

interface Outcome {
  readonly http: unknown;
  readonly grpc: unknown;
  readonly text?: unknown;
  readonly body: string;
}

async function outcome(path: string, request: Request, withText: boolean): Promise<Outcome> {
  using connection = new HandMadeConnection(path);
  const stream = connection.call(request.path, request.headers);
  stream.end(request.body);
  const { headers, body } = await ended(stream);
  const encoded = headers["grpc-message"];
  return {
    http: headers[":status"],
    grpc: headers["grpc-status"],
    ...(withText ? { text: typeof encoded === "string" ? decodeURIComponent(encoded) : encoded } : {}),
    body: body.toString("hex"),
  };
}

function message(value: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(value));
  return framed(toBinary(BytesValueSchema, { $typeName: "google.protobuf.BytesValue", value: bytes }));
}

const small = message({ size: 3 });
const payload = small.subarray(5);
const outputs = message({ sizes: [2, 0, 1] });
const garbage = framed(Buffer.from("ffffff", "hex"));

describe("the outcome is that of grpc-js", () => {
  it.each<[string, Request]>([
    ["one message for a unary method", { path: UNARY, body: small }],
    ["no message for a unary method", { path: UNARY, body: Buffer.alloc(0) }],
    ["two messages for a unary method", { path: UNARY, body: Buffer.concat([small, small]) }],
    ["one message for a server-streaming method", { path: OUTPUT, body: outputs }],
    ["no message for a server-streaming method", { path: OUTPUT, body: Buffer.alloc(0) }],
    ["two messages for a server-streaming method", { path: OUTPUT, body: Buffer.concat([outputs, outputs]) }],
    ["no message for a bidirectional method", { path: DUPLEX, body: Buffer.alloc(0) }],
    ["two messages for a bidirectional method", { path: DUPLEX, body: Buffer.concat([small, small]) }],
    ["bytes that are no message, for a unary method", { path: UNARY, body: garbage }],
    ["bytes that are no message, for a bidirectional method", { path: DUPLEX, body: garbage }],
    ["a compressed message", { path: UNARY, headers: { "grpc-encoding": "gzip" }, body: framed(gzipSync(payload), 1) }],
    [
      "a message that cannot be decompressed",
      { path: UNARY, headers: { "grpc-encoding": "gzip" }, body: framed(payload, 1) },
    ],
    [
      "an encoding that does not exist",
      { path: UNARY, headers: { "grpc-encoding": "snappy" }, body: framed(payload, 1) },
    ],
    [
      "an encoding that does not exist, and is not used",
      { path: UNARY, headers: { "grpc-encoding": "snappy" }, body: small },
    ],
    ["another content type", { path: UNARY, headers: { "content-type": "application/json" }, body: small }],
    [
      "a content type with a suffix",
      { path: UNARY, headers: { "content-type": "application/grpc+proto" }, body: small },
    ],
    ["no te: trailers", { path: UNARY, headers: { te: undefined }, body: small }],
    ["a timeout that has passed", { path: SLEEP, headers: { "grpc-timeout": "50m" }, body: small }],
    ["a timeout that is invalid", { path: UNARY, headers: { "grpc-timeout": "50 seconds" }, body: small }],
    ["a method that does not exist", { path: "/interop.Test/Missing", body: small }],
    ["a service that does not exist", { path: "/interop.None/Unary", body: small }],
    ["a path without a method", { path: "/x", body: small }],
  ])("for %s", async (_, request) => {
    expect(await outcome(ours.path, request, false)).toEqual(await outcome(oracle.path, request, false));
  });

  it.each(["plain", "100% ☺\0\u007f", " spaces ", "\t\r\n", "%41"])("for a status with the text %j", async (text) => {
    for (const path of [UNARY, DUPLEX]) {
      const request = { path, body: message({ status: { code: Code.ABORTED, message: text } }) };
      expect(await outcome(ours.path, request, true)).toEqual(await outcome(oracle.path, request, true));
    }
  });
});

/** grpc-js takes these; gRPC's protocol does not have them. */
describe("the outcome is not that of grpc-js, which is more lenient,", () => {
  it.each<[string, Request, ours: Partial<Outcome>, oracle: Partial<Outcome>]>([
    ["for half a message", { path: DUPLEX, body: small.subarray(0, 8) }, { grpc: "13" }, { grpc: "0" }],
    ["for half a prefix", { path: DUPLEX, body: prefixOf(0).subarray(0, 3) }, { grpc: "13" }, { grpc: "0" }],
    ["for a flag that does not exist", { path: UNARY, body: framed(payload, 6) }, { grpc: "13" }, { grpc: "0" }],
    [
      "for a compressed message without an encoding",
      { path: UNARY, body: framed(payload, 1) },
      { grpc: "13" },
      { grpc: "0" },
    ],
    [
      "for another method of HTTP",
      { path: UNARY, headers: { ":method": "PUT" }, body: small },
      { http: 405 },
      { http: 200 },
    ],
  ])("%s", async (_, request, expected, lenient) => {
    expect(await outcome(ours.path, request, false)).toMatchObject(expected);
    expect(await outcome(oracle.path, request, false)).toMatchObject(lenient);
  });
});
