/*
 * A server with a service of the shapes of gRPC's own interoperability tests, on the server half of src/rpc alone.
 * All messages are BytesValue, so that clients of every language have them; those of requests are JSON.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  type BytesValue,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";
import { CallError } from "../../src/rpc/call-error.js";
import { Code } from "../../src/rpc/code.js";
import { Account } from "../../src/rpc/server/account.js";
import { Allowance } from "../../src/rpc/server/allowance.js";
import { Budget } from "../../src/rpc/server/budget.js";
import type { Call } from "../../src/rpc/server/call.js";
import type { ServiceHandlers } from "../../src/rpc/server/routes.js";
import { createRpcServer, type RpcServer } from "../../src/rpc/server/server.js";
import type { BidiServerCall, WritableServerCall } from "../../src/rpc/server/stream-calls.js";
import { TurnOwner } from "../../src/rpc/server/turns.js";

/** What a client asks for, as JSON. */
export interface Options {
  /** Bytes of the response. */
  readonly size?: number;
  /** Bytes of each message of a stream. */
  readonly sizes?: readonly number[];
  /** The status to end with. */
  readonly status?: { readonly code: number; readonly message: string };
  /** Metadata keys whose values are the response: text of the first, bytes of the second. */
  readonly echo?: readonly [text: string, bytes: string];
  /** The response is the number of open streams, in digits: some clients have no other way to see that one ended. */
  readonly open?: boolean;
}

const MOST_HELD_BYTES = 64 * 1024 * 1024;
const BYTES = ".google.protobuf.BytesValue";

/** interop.Test: Empty, Unary, Output (server streaming), Duplex, Sleep (bidirectional, never answers). */
const interopFile = describeFile({
  Test: [
    ["Empty", false, false],
    ["Unary", false, false],
    ["Output", false, true],
    ["Duplex", true, true],
    ["Sleep", true, true],
  ],
});

export const interopService: DescService = serviceOf("interop.Test");

type Method = readonly [name: string, clientStreaming: boolean, serverStreaming: boolean];

/** A file with services whose messages are BytesValue, and the file that it imports. */
export function describeFile(services: Record<string, readonly Method[]>): FileDescriptorSet {
  const file = create(FileDescriptorProtoSchema, {
    name: "interop.proto",
    package: "interop",
    syntax: "proto3",
    dependency: [file_google_protobuf_wrappers.proto.name],
    service: Object.entries(services).map(([name, methods]) => ({
      name,
      method: methods.map(([method, clientStreaming, serverStreaming]) => ({
        name: method,
        clientStreaming,
        serverStreaming,
        inputType: BYTES,
        outputType: BYTES,
      })),
    })),
  });
  return create(FileDescriptorSetSchema, { file: [file_google_protobuf_wrappers.proto, file] });
}

function serviceOf(name: string): DescService {
  const service = createFileRegistry(interopFile).getService(name);
  if (service === undefined) throw new Error("no service");
  return service;
}

type Duplex = BidiServerCall<BytesValue, { value: Uint8Array }>;

/** What the handlers have seen. */
export interface Seen {
  /** Calls that are open. */
  open: number;
  /** Messages that were handed over. */
  messages: number;
}

function handlers(seen: Seen): ServiceHandlers {
  const opened = (
    call: { start: Duplex["start"] },
    onMessage: (message: BytesValue) => void,
    onEnd: () => void,
  ): void => {
    seen.open += 1;
    call.start(
      {
        onMessage: (message) => {
          seen.messages += 1;
          onMessage(message);
        },
        onEnd,
        onClose: () => {
          seen.open -= 1;
        },
      },
      () => statusOf(new Error("malformed")),
    );
  };
  return {
    service: interopService,
    unary: {
      empty: () => ({}),
      unary: (call: Call, request: BytesValue) => {
        seen.messages += 1;
        const { status, echo, open, size = 0 } = optionsOf(request);
        if (status !== undefined) throw new CallError(create(StatusSchema, status));
        if (open === true) return { value: Buffer.from(`${seen.open}`) };
        if (echo === undefined) return { value: new Uint8Array(size) };
        const [text, bytes] = echo;
        return { value: Buffer.concat([Buffer.from(call.values(text).join()), ...call.bytes(bytes)]) };
      },
    },
    writable: {
      output: (call: WritableServerCall<{ value: Uint8Array }>, request: BytesValue) => {
        for (const size of optionsOf(request).sizes ?? []) call.write({ value: new Uint8Array(size) });
        call.end();
      },
    },
    bidi: {
      duplex: (call: Duplex) =>
        opened(
          call,
          (message) => {
            const { size = 0, status } = optionsOf(message);
            if (status === undefined) call.write({ value: new Uint8Array(size) });
            else call.fail(create(StatusSchema, status));
          },
          () => call.end(),
        ),
      sleep: (call: Duplex) =>
        opened(
          call,
          () => undefined,
          () => undefined,
        ),
    },
  };
}

/** Requests are padded with blanks. */
export function optionsOf({ value }: BytesValue): Options {
  return JSON.parse(Buffer.from(value).toString()) as Options;
}

function statusOf(error: unknown) {
  return create(StatusSchema, { code: Code.INTERNAL, message: String(error) });
}

export interface InteropOptions {
  readonly maxRequestBytes?: number;
  readonly maxStreams?: number;
  readonly budget?: Budget;
  readonly windowBytes?: number;
}

export class InteropServer implements AsyncDisposable {
  readonly path: string;
  readonly seen: Seen = { open: 0, messages: 0 };
  readonly rpc: RpcServer;
  readonly budget: Budget;
  readonly #directory = mkdtempSync(join(tmpdir(), "sockbroker-interop-"));
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(options: InteropOptions = {}): Promise<InteropServer> {
    const server = new InteropServer(options);
    await once(server.#server, "listening");
    return server;
  }

  private constructor(options: InteropOptions) {
    const { maxRequestBytes = 4 * 1024 * 1024, maxStreams = 1_024, windowBytes = 64 * 1024 } = options;
    this.budget = options.budget ?? new Budget(16 * 1024 * 1024);
    this.path = join(this.#directory, "socket");
    this.rpc = createRpcServer({
      services: [handlers(this.seen)],
      statusOf,
      malformed: (cause) => new Error("malformed", { cause }),
    });
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      const { budget } = this;
      const accounts = { waiting: new Account(MOST_HELD_BYTES, 0), unread: new Account(MOST_HELD_BYTES, 0) };
      const breaches = new Allowance({ burst: 1_000, perSecond: 1 });
      const limits = { maxStreams, windowBytes, maxRequestBytes, budget, accounts, owner: new TurnOwner(), breaches };
      this.rpc.inject(socket, "peer", limits);
    }).listen(this.path);
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.rpc.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#directory, { recursive: true });
  }
}
