/*
 * The cases of gRPC's interoperability tests that our services have a shape for, with the server half of src/rpc and
 * clients of others: grpc-js here, gRPC's C library by Python, grpc-go, grpc-java, tonic, and grpcurl. All but grpcurl
 * also with grpc-js's server: a case that fails with both is wrong itself. `node scripts/test-stubs.mjs` builds the
 * programs of other languages. No policy; none of the daemon's services, except for grpcurl.
 */

import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from "vitest";
import { cancelCall } from "../../src/rpc/cancel-call.js";
import { Code } from "../../src/rpc/code.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { GrpcJsInteropServer } from "../support/grpc-js-interop-server.js";
import { describeFile, InteropServer, type Seen } from "../support/interop-server.js";
import { until } from "../support/raw-broker.js";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";
const STUBS = "build/stubs";
const GRPCURL = "build/stubs/go/bin/grpcurl";

/** The sizes of gRPC's own tests. */
const LARGE_REQUEST = 271_828;
const LARGE_RESPONSE = 314_159;
const RESPONSES = [31_415, 9, 2_653, 58_979];
const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

interface Peer extends AsyncDisposable {
  readonly path: string;
  readonly seen: Seen;
}

describe.each<[name: string, start: () => Promise<Peer>]>([
  ["the server half of src/rpc", () => InteropServer.start()],
  ["grpc-js's server", () => GrpcJsInteropServer.start()],
])("%s", (_, start) => {
  let server: Peer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  describe("grpc-js's client", () => {
    let client: Client;
    beforeAll(() => {
      client = new Client(`unix:${server.path}`, credentials.createInsecure());
    });
    afterAll(() => client.close());

    it("empty_unary", async () => {
      expect(await unary(client, "Empty", Buffer.alloc(0))).toHaveLength(0);
    });

    it("large_unary", async () => {
      expect(await unary(client, "Unary", request({ size: LARGE_RESPONSE }, LARGE_REQUEST))).toHaveLength(
        LARGE_RESPONSE,
      );
    });

    it("server_streaming", async () => {
      expect(await sizes(serverStream(client, "Output", request({ sizes: RESPONSES })))).toEqual(RESPONSES);
    });

    it("ping_pong, with the responses in order", async () => {
      const call = bidi(client, "Duplex");
      const answers = call[Symbol.asyncIterator]();
      for (const [index, size] of RESPONSES.entries()) {
        call.write(request({ size }, [27_182, 8, 1_828, 45_904][index]));
        expect(decoded((await answers.next()).value)).toHaveLength(size);
      }
      call.end();
      expect((await answers.next()).done).toBe(true);
    });

    it("empty_stream", async () => {
      const call = bidi(client, "Duplex");
      call.end();
      expect(await sizes(call)).toEqual([]);
    });

    it("has the headers of a stream before anything is written", async () => {
      const call = bidi(client, "Sleep");
      call.on("error", () => undefined);
      await new Promise((resolve) => call.once("metadata", resolve));
      cancelCall(call);
    });

    it("cancel_after_begin and cancel_after_first_response, and the handler is told", async () => {
      const begun = bidi(client, "Duplex");
      cancelCall(begun);
      expect(await failure(begun)).toMatchObject({ code: Code.CANCELLED });
      const answered = bidi(client, "Duplex");
      answered.write(request({ size: 31_415 }, 27_182));
      await new Promise((resolve) => answered.once("data", resolve));
      cancelCall(answered);
      expect(await failure(answered)).toMatchObject({ code: Code.CANCELLED });
      await until("no call is open", () => server.seen.open === 0);
    });

    it("timeout_on_sleeping_server, and the server ends the call itself", async () => {
      const call = bidi(client, "Sleep", { deadline: Date.now() + 100 });
      expect(await failure(call)).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
      await until("no call is open", () => server.seen.open === 0);
    });

    it("custom_metadata", async () => {
      const metadata = new Metadata();
      metadata.set("x-grpc-test-echo-initial", "test_initial_metadata_value");
      metadata.set("x-grpc-test-echo-trailing-bin", Buffer.of(0xab, 0xab, 0xab));
      const echo = ["x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"];
      const value = await unary(client, "Unary", request({ echo }), metadata);
      expect(value).toEqual(Buffer.concat([Buffer.from("test_initial_metadata_value"), Buffer.of(0xab, 0xab, 0xab)]));
    });

    it.each(["test status message", SPECIAL])(
      "status_code_and_message, special_status_message: %j",
      async (message) => {
        const status = { code: 2, message };
        await expect(unary(client, "Unary", request({ status }))).rejects.toMatchObject({ code: 2, details: message });
        const call = bidi(client, "Duplex");
        call.write(request({ status }));
        expect(await failure(call)).toMatchObject({ code: 2, details: message });
      },
    );

    it("unimplemented_method and unimplemented_service", async () => {
      const unimplemented = { code: Code.UNIMPLEMENTED };
      await expect(unary(client, "Missing", Buffer.alloc(0))).rejects.toMatchObject(unimplemented);
      const none = unary(client, "Empty", Buffer.alloc(0), new Metadata(), "interop.None");
      await expect(none).rejects.toMatchObject(unimplemented);
      expect(await failure(bidi(client, "Missing"))).toMatchObject(unimplemented);
    });

    it.each([
      ["deflate", 1],
      ["gzip", 2],
    ])("client_compressed_unary and client_compressed_streaming with %s", async (_, algorithm) => {
      const compressing = new Client(`unix:${server.path}`, credentials.createInsecure(), {
        "grpc.default_compression_algorithm": algorithm,
        "grpc.use_local_subchannel_pool": 1,
      });
      expect(await unary(compressing, "Unary", request({ size: 1_000 }, LARGE_REQUEST))).toHaveLength(1_000);
      const call = bidi(compressing, "Duplex");
      for (const size of RESPONSES) call.write(request({ size }, 100_000));
      call.end();
      expect(await sizes(call)).toEqual(RESPONSES);
      compressing.close();
    });
  });

  it("gRPC's C library passes all cases, by Python", async (ctx) => {
    if (spawnSync(python, ["-c", "import grpc"]).status !== 0) {
      ctx.skip("needs grpcio: set SOCKBROKER_TEST_PYTHON, see test/python/requirements.txt");
    }
    await passes(server, python, "test/python/interop_client.py");
  });

  it.for([
    ["grpc-go", "go"],
    ["grpc-java", "java"],
    ["tonic", "rust"],
  ] as const)("%s passes all cases", { timeout: 120_000 }, async ([, language], ctx) => {
    await passes(server, ...programOf(language, ctx));
  });
});

describe("the server half says what it does not have", () => {
  it.each([
    ["a method, of any kind", "Missing", "interop.Test", "unknown method Missing for service interop.Test"],
    ["a service", "Empty", "interop.None", "unknown service interop.None"],
  ])("%s", async (_, method, service, details) => {
    await using server = await InteropServer.start();
    const client = new Client(`unix:${server.path}`, credentials.createInsecure());
    const unimplemented = { code: Code.UNIMPLEMENTED, details };
    const path = `/${service}/${method}`;
    await expect(unary(client, method, Buffer.alloc(0), new Metadata(), service)).rejects.toMatchObject(unimplemented);
    const clientStream = new Promise((_, reject) => {
      const call = client.makeClientStreamRequest(path, same, same, (error) => reject(error));
      call.write(Buffer.alloc(0));
      call.end();
    });
    await expect(clientStream).rejects.toMatchObject(unimplemented);
    await expect(sizes(client.makeServerStreamRequest(path, same, same, Buffer.alloc(0)))).rejects.toMatchObject(
      unimplemented,
    );
    client.close();
  });
});

describe("grpcurl", () => {
  let server: InteropServer;
  let daemon: Daemon;
  let directory: string;
  beforeAll(async () => {
    [server, daemon] = await Promise.all([InteropServer.start(), startDaemon()]);
    directory = mkdtempSync(join(tmpdir(), "sockbroker-grpcurl-"));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });
  beforeEach((ctx) => {
    if (!existsSync(join(root, GRPCURL))) ctx.skip("needs `node scripts/test-stubs.mjs go`");
  });

  it("lists and describes by reflection", async () => {
    const list = await grpcurl([`unix:${server.path}`, "list"]);
    expect(list.split("\n")).toEqual(expect.arrayContaining(["grpc.health.v1.Health", "interop.Test"]));
    const duplex = "rpc Duplex ( stream .google.protobuf.BytesValue ) returns ( stream .google.protobuf.BytesValue );";
    expect(await grpcurl([`unix:${server.path}`, "describe", "interop.Test.Duplex"])).toContain(duplex);
  });

  it("empty_unary, large_unary", async () => {
    expect(await lengths(invoke(server, "interop.Test/Empty", [""]))).toEqual([0]);
    const large = invoke(server, "interop.Test/Unary", [json({ size: LARGE_RESPONSE }, LARGE_REQUEST)]);
    expect(await lengths(large)).toEqual([LARGE_RESPONSE]);
  });

  it("server_streaming, ping_pong without waiting, empty_stream", async () => {
    expect(await lengths(invoke(server, "interop.Test/Output", [json({ sizes: RESPONSES })]))).toEqual(RESPONSES);
    const pings = RESPONSES.map((size) => json({ size }, 27_182));
    expect(await lengths(invoke(server, "interop.Test/Duplex", pings))).toEqual(RESPONSES);
    expect(await lengths(invoke(server, "interop.Test/Duplex", []))).toEqual([]);
  });

  it("timeout_on_sleeping_server, and the server ends the call itself", async () => {
    // The time is for reflection too, so it is not used.
    const options = ["-max-time", "2", "-protoset", protoset("sleep", { Test: [["Sleep", true, true]] })];
    const error = invocationError(invoke(server, "interop.Test/Sleep", [], options));
    await until("the call is open", () => server.seen.open === 1);
    expect(await error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await until("no call is open", () => server.seen.open === 0);
  });

  it("custom_metadata", async () => {
    const [text, bytes] = ["x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"];
    const options = ["-H", `${text}: test_initial_metadata_value`, "-H", `${bytes}: ${btoa("\xab\xab\xab")}`];
    const answer = await invoke(server, "interop.Test/Unary", [json({ echo: [text, bytes] })], options);
    expect(atob(JSON.parse(answer))).toBe("test_initial_metadata_value\xab\xab\xab");
  });

  it.each(["test status message", SPECIAL])("status_code_and_message, special_status_message: %j", async (message) => {
    const status = { code: 2, message };
    for (const method of ["interop.Test/Unary", "interop.Test/Duplex"]) {
      expect(await invocationError(invoke(server, method, [json({ status })]))).toEqual(status);
    }
  });

  it.each([
    ["unimplemented_method", "Test", "Missing"],
    ["unimplemented_service", "None", "Empty"],
  ])("%s", async (name, service, method) => {
    const options = ["-protoset", protoset(name, { [service]: [[method, false, false]] })];
    const error = await invocationError(invoke(server, `interop.${service}/${method}`, [""], options));
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  it("calls the daemon with JSON, and shows the details of its errors", async () => {
    const path = daemon.endpoint.replace("unix://", "");
    const answer = await invoke({ path }, "sockbroker.v1.SessionService/WhoAmI", []);
    expect(JSON.parse(answer)).toMatchObject({ host: { os: "linux" } });
    const refused = invoke({ path }, "sockbroker.v1.SocketService/CreateConnection", [{ host: "127.0.0.1", port: 1 }]);
    expect(await invocationError(refused)).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      details: [{ "@type": "type.googleapis.com/sockbroker.v1.SocketError", symbol: "ECONNREFUSED" }],
    });
  });

  /** A file with descriptors, which are used instead of reflection. */
  function protoset(name: string, services: Parameters<typeof describeFile>[0]): string {
    const file = join(directory, name);
    writeFileSync(file, toBinary(FileDescriptorSetSchema, describeFile(services)));
    return file;
  }
});

/** Returns what grpcurl prints. */
async function grpcurl(args: readonly string[], input = ""): Promise<string> {
  const running = run(join(root, GRPCURL), ["-plaintext", ...args]);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Makes a call with messages in JSON. */
function invoke(
  { path }: { path: string },
  method: string,
  messages: readonly unknown[],
  options: readonly string[] = [],
): Promise<string> {
  const input = messages.map((message) => JSON.stringify(message)).join("\n");
  return grpcurl(["-format-error", "-d", "@", ...options, `unix:${path}`, method], input);
}

/** The status that grpcurl prints for a call that fails. */
async function invocationError(invocation: Promise<string>): Promise<unknown> {
  const { stderr } = await invocation.then(
    (stdout) => Promise.reject(new Error(`it did not fail: ${stdout}`)),
    (error: { stderr: string }) => error,
  );
  return JSON.parse(stderr);
}

/** The lengths of the messages that grpcurl prints; it prints an empty one as null. */
async function lengths(invocation: Promise<string>): Promise<number[]> {
  const lines = (await invocation).split("\n").filter((line) => line !== "");
  return lines.map((line) => atob(JSON.parse(line) ?? "").length);
}

/** The value of a request, as JSON has it: in base64. */
function json(value: object, padTo = 0): string {
  return Buffer.from(text(value, padTo)).toString("base64");
}

/** The cases that the clients of other languages print when they passed. */
const CASES = [
  "empty_unary",
  "large_unary",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "cancel_after_begin",
  "cancel_after_first_response",
  "timeout_on_sleeping_server",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "client_compressed",
];

async function passes(server: Peer, command: string, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await run(command, [...args, server.path], { cwd: root, timeout: 110_000 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  expect(stdout.trim().split("\n"), stderr).toEqual(CASES);
  await until("no call is open", () => server.seen.open === 0);
}

/** How to start a client of another language that test-stubs.mjs has built from today's source. */
function programOf(language: string, ctx: TestContext): [command: string, ...args: string[]] {
  const built = join(STUBS, language, "interop.json");
  const needed = `needs \`node scripts/test-stubs.mjs ${language}\``;
  if (!existsSync(join(root, built))) ctx.skip(needed);
  const { source, command } = JSON.parse(readFileSync(join(root, built), "utf8"));
  const [ours, copy] = ["test/stubs", STUBS].map((at) => readFileSync(join(root, at, language, source), "utf8"));
  if (ours !== copy) ctx.skip(`${needed}: ${source} has changed`);
  return command;
}

function request(value: object, padTo = 0): Buffer {
  return Buffer.from(toBinary(BytesValueSchema, valueMessage(Buffer.from(text(value, padTo)))));
}

function text(value: object, padTo: number): string {
  return JSON.stringify(value).padEnd(padTo);
}

function valueMessage(value: Uint8Array) {
  return { $typeName: "google.protobuf.BytesValue" as const, value };
}

function decoded(bytes: Buffer): Buffer {
  return Buffer.from(fromBinary(BytesValueSchema, bytes).value);
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

function unary(
  client: Client,
  method: string,
  request: Buffer,
  metadata = new Metadata(),
  service = "interop.Test",
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(`/${service}/${method}`, same, decoded, request, metadata, (error, response) =>
      response === undefined ? reject(error) : resolve(response),
    );
  });
}

function bidi(client: Client, method: string, options = {}): ClientDuplexStream<Buffer, Buffer> {
  return client.makeBidiStreamRequest(`/interop.Test/${method}`, same, same, new Metadata(), options);
}

function serverStream(client: Client, method: string, request: Buffer): ClientReadableStream<Buffer> {
  return client.makeServerStreamRequest(`/interop.Test/${method}`, same, same, request);
}

async function sizes(messages: AsyncIterable<Buffer>): Promise<number[]> {
  const found: number[] = [];
  for await (const message of messages) found.push(decoded(message).length);
  return found;
}

function failure(call: ClientDuplexStream<Buffer, Buffer>): Promise<ServiceError> {
  call.resume();
  return new Promise((resolve) => call.on("error", resolve));
}
