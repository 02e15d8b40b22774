/*
 * The service of interop-server.ts, by the server of grpc-js. A case that fails with it is wrong itself; one that fails
 * with ours alone is a fault of ours.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BytesValue } from "@bufbuild/protobuf/wkt";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { clientMethod } from "../../src/rpc/service-definition.js";
import { interopService, optionsOf, type Seen } from "./interop-server.js";

type Duplex = ServerDuplexStream<BytesValue, BytesValue>;

const definition = Object.fromEntries(interopService.methods.map((method) => [method.name, clientMethod(method)]));

export class GrpcJsInteropServer implements AsyncDisposable {
  readonly path: string;
  readonly seen: Seen = { open: 0, messages: 0 };
  readonly #directory = mkdtempSync(join(tmpdir(), "sockbroker-interop-"));
  readonly #server = new Server();

  static async start(): Promise<GrpcJsInteropServer> {
    const server = new GrpcJsInteropServer();
    const bind = promisify(server.#server.bindAsync).bind(server.#server);
    await bind(`unix:${server.path}`, ServerCredentials.createInsecure());
    return server;
  }

  private constructor() {
    this.path = join(this.#directory, "socket");
    this.#server.addService(definition, {
      Empty: (_: unknown, callback: sendUnaryData<BytesValue>) => callback(null, bytes(new Uint8Array())),
      Unary: (call: ServerUnaryCall<BytesValue, BytesValue>, callback: sendUnaryData<BytesValue>) =>
        this.#unary(call, callback),
      Output: (call: ServerWritableStream<BytesValue, BytesValue>) => {
        for (const size of optionsOf(call.request).sizes ?? []) call.write(bytes(new Uint8Array(size)));
        call.end();
      },
      Duplex: (call: Duplex) => {
        this.#open(call);
        call.on("data", (message: BytesValue) => {
          const { size = 0, status } = optionsOf(message);
          if (status === undefined) call.write(bytes(new Uint8Array(size)));
          else call.emit("error", { code: status.code, details: status.message });
        });
        call.on("end", () => call.end());
      },
      Sleep: (call: Duplex) => {
        this.#open(call);
        call.resume();
      },
    });
  }

  #unary(call: ServerUnaryCall<BytesValue, BytesValue>, callback: sendUnaryData<BytesValue>): void {
    const { status, echo, open, size = 0 } = optionsOf(call.request);
    if (status !== undefined) callback({ code: status.code, details: status.message });
    else if (open === true) callback(null, bytes(Buffer.from(`${this.seen.open}`)));
    else if (echo !== undefined) {
      const values = echo.flatMap((key) => call.metadata.get(key)).map((value) => Buffer.from(value));
      callback(null, bytes(Buffer.concat(values)));
    } else callback(null, bytes(new Uint8Array(size)));
  }

  #open(call: Duplex): void {
    let open = true;
    this.seen.open += 1;
    const over = (): void => {
      if (open) this.seen.open -= 1;
      open = false;
    };
    for (const event of ["cancelled", "finish", "error"]) call.on(event, over);
    call.sendMetadata(new Metadata());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    rmSync(this.#directory, { recursive: true });
  }
}

function bytes(value: Uint8Array): BytesValue {
  return { $typeName: "google.protobuf.BytesValue", value };
}
