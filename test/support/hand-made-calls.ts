import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
  type Settings,
} from "node:http2";
import { connect as connectSocket } from "node:net";

/** A message as gRPC sends it; `flag` is 1 if it is compressed. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  return Buffer.concat([prefixOf(message.length, flag), message]);
}

/** The prefix of a message of `length` bytes. */
export function prefixOf(length: number, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** How a call ended. */
export interface Ended {
  /** All header fields of the response, trailers included. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** The code with which the server reset the stream. */
  readonly rstCode: number;
}

/** A connection whose calls are made by hand. */
export class HandMadeConnection implements Disposable {
  readonly session: ClientHttp2Session;

  constructor(path: string, settings: Settings = {}) {
    this.session = connect("http://localhost", { createConnection: () => connectSocket(path), settings });
    this.session.on("error", () => undefined);
  }

  call(path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    return stream.on("error", () => undefined);
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

/** Reads a call to its end. */
export async function ended(stream: ClientHttp2Stream): Promise<Ended> {
  const headers: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  stream.on("response", (fields) => Object.assign(headers, fields));
  stream.on("trailers", (fields) => Object.assign(headers, fields));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Not by `once`, which rejects when a stream is reset.
  if (!stream.destroyed) await new Promise((resolve) => stream.once("close", resolve));
  return { headers, body: Buffer.concat(chunks), rstCode: stream.rstCode ?? 0 };
}
