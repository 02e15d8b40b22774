/*
 * One HTTP/2 connection: its limits, its calls, and its end.
 */

import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { Code } from "../code.js";
import { newStatus } from "../status.js";
import type { Accounts } from "./account.js";
import { Allowance, type Rate } from "./allowance.js";
import type { Budget } from "./budget.js";
import { type CallContext, ServerCall } from "./call.js";
import { type KeepaliveOptions, keepAlive } from "./keepalive.js";
import type { RawHeaders } from "./metadata.js";
import { PausedInput } from "./paused-input.js";
import { find, type Routes } from "./routes.js";
import type { TurnOwner, Turns } from "./turns.js";

const {
  HTTP2_HEADER_CONTENT_TYPE,
  HTTP2_HEADER_METHOD,
  HTTP2_HEADER_PATH,
  HTTP2_HEADER_STATUS,
  HTTP_STATUS_METHOD_NOT_ALLOWED,
  HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_INTERNAL_ERROR,
} = constants;

/** What a connection may use. */
export interface ConnectionLimits {
  /** Maximum number of concurrent streams. */
  readonly maxStreams: number;
  /**
   * HTTP/2 receive window of each stream, in bytes, and of the connection. A caller may have sent so much on a stream
   * that is not read.
   */
  readonly windowBytes: number;
  /** Maximum size of one message, compressed and decompressed. */
  readonly maxRequestBytes: number;
  /** Memory for messages that have not arrived completely. */
  readonly budget: Budget;
  readonly accounts: Accounts;
  /** Whose time its calls take, together with those of other connections. */
  readonly owner: TurnOwner;
  /** Counts the connections of its principal that end because they break HTTP/2, or a limit of this file. */
  readonly breaches: Allowance;
}

/** What all connections have in common. */
export interface ConnectionOptions extends Omit<CallContext, "peer" | keyof ConnectionLimits> {
  readonly routes: Routes;
  readonly keepalive: KeepaliveOptions;
}

/** Maximum size of the header fields of a request, in bytes, as HTTP/2 counts them. gRPC's own default is 8 KiB. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Whether this version of Node lets a server raise how many streams a caller may reset. */
const NODE_RAISES_RESETS = Number.parseInt(process.versions.node, 10) >= 22;

/**
 * What a connection may do. Generated stubs reset a stream for each call that they cancel, and Go's measure the
 * bandwidth by pings: ordinary clients stay far below these.
 *
 * Node 20 gives up on a connection after 1,000 resets, and 33 a second, and then neither reads nor closes it. There the
 * connection is ended before, with a reason.
 */
const RESETS: Rate = NODE_RAISES_RESETS ? { burst: 100_000, perSecond: 10_000 } : { burst: 990, perSecond: 33 };
const PINGS: Rate = { burst: 100_000, perSecond: 10_000 };
const SETTINGS: Rate = { burst: 1_000, perSecond: 10 };

/** Options that `@types/node` does not have. Node's own limits are not reached before those above. */
const RESET_OPTIONS: object = { streamResetBurst: 2 * RESETS.burst, streamResetRate: 2 * RESETS.perSecond };

/** How often it is checked whether a connection is stalled: more than once, because this process may be what is slow. */
const STALL_CHECKS = 4;

export class Connection {
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #routes: Routes;
  readonly #context: CallContext;
  readonly #breaches: Allowance;
  readonly #resets = new Allowance(RESETS);
  #ending = false;

  constructor(socket: Socket, peer: string, limits: ConnectionLimits, options: ConnectionOptions) {
    const { routes, keepalive, turns, statusOf } = options;
    const { maxRequestBytes, budget, accounts, owner, breaches } = limits;
    this.#breaches = breaches;
    this.#socket = socket;
    this.#routes = routes;
    this.#context = { peer, maxRequestBytes, turns, statusOf, budget, accounts, owner };
    const session = performServerHandshake(socket, {
      ...RESET_OPTIONS,
      // The default of 10 MB counts what is written, and refuses streams when callers read slowly.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      settings: {
        initialWindowSize: limits.windowBytes,
        maxConcurrentStreams: limits.maxStreams,
        maxHeaderListSize: MAX_HEADER_BYTES,
      },
    });
    this.#session = session;
    destroyLater(session, turns, owner);
    session.setLocalWindowSize(limits.windowBytes);
    // Without a listener Node would throw the error. The connection ends in any case.
    session.on("error", (error: NodeJS.ErrnoException) => {
      if (isBreach(error)) breaches.take();
    });
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: RawHeaders) => {
      this.#countReset(stream);
      // It may end before it is served.
      stream.on("error", () => undefined);
      const serve = (): void => {
        if (stream.destroyed || stream.closed) return;
        try {
          this.#serve(stream, headers, raw);
        } catch (error) {
          statusOf(error);
          stream.close(NGHTTP2_INTERNAL_ERROR);
        }
      };
      const input = new PausedInput(stream);
      const resume = (): void => {
        input.resume();
        serve();
      };
      if (turns.waitIfSpent(owner, resume)) input.pause();
      else serve();
    });
    this.#limit("ping", PINGS, "too_many_pings");
    this.#limit("remoteSettings", SETTINGS, "too_many_settings");
    keepAlive(session, keepalive);
  }

  /** Calls back when the connection has ended. */
  onClose(callback: () => void): void {
    this.#session.once("close", callback);
  }

  /** Refuses new calls, and ends when the others have ended, or when nothing was written for the given time. */
  drain(stallMilliseconds: number): void {
    // Not after a fixed time: the statuses of thousands of calls, or what a slow caller has to read, may take longer.
    let written = this.#socket.bytesWritten;
    let checks = 0;
    const timer = setInterval(() => {
      checks = this.#socket.bytesWritten === written ? checks + 1 : 0;
      written = this.#socket.bytesWritten;
      // Not the session, which would reset calls without a code: clients make INTERNAL of it, and UNAVAILABLE of this.
      if (checks === STALL_CHECKS) this.#socket.destroy();
    }, stallMilliseconds / STALL_CHECKS).unref();
    this.#session.once("close", () => clearInterval(timer));
    this.#session.close();
  }

  /** Ends the connection and its calls immediately. */
  destroy(): void {
    this.#session.destroy();
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: RawHeaders): void {
    const refusal = refusalOf(headers);
    if (refusal !== null) {
      stream.respond({ [HTTP2_HEADER_STATUS]: refusal }, { endStream: true });
      return;
    }
    const serve = find(this.#routes, String(headers[HTTP2_HEADER_PATH]));
    if (typeof serve === "string") {
      new ServerCall(stream, raw, this.#context).fail(newStatus(Code.UNIMPLEMENTED, serve));
      return;
    }
    serve(stream, raw, this.#context);
  }

  /** Counts a stream that its caller resets. */
  #countReset(stream: ServerHttp2Stream): void {
    const count = (): void => {
      if (!this.#resets.take()) this.#end("too_many_resets");
    };
    if (stream.aborted) count();
    else stream.once("aborted", count);
  }

  /** Ends the connection if an event happens too often. */
  #limit(event: "ping" | "remoteSettings", rate: Rate, reason: string): void {
    const allowance = new Allowance(rate);
    this.#session.on(event, () => {
      if (!allowance.take()) this.#end(reason);
    });
  }

  /**
   * Ends the connection, and tells the caller why. Not while Node reads a frame, which is when the caller's resets and
   * pings are counted.
   */
  #end(reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#breaches.take();
    setImmediate(() => {
      if (this.#session.destroyed) return;
      this.#session.goaway(NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from(reason));
      this.#session.destroy(undefined, NGHTTP2_ENHANCE_YOUR_CALM);
    });
  }
}

/**
 * Lets Node, too, destroy a session only in a later turn of the event loop. It does so while it reads, when a caller breaks
 * HTTP/2 or sends GOAWAY with an error. If more frames of a stream follow, or if header fields of a request were refused, it
 * then aborts the process.
 */
function destroyLater(session: ServerHttp2Session, turns: Turns, owner: TurnOwner): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (error, code) => {
    const now = (): void => destroy(error, code);
    setImmediate(() => {
      // With a thousand calls it takes a tenth of a second.
      if (!turns.waitIfSpent(owner, now)) now();
    });
  };
}

/** Whether a session ended because its caller broke HTTP/2 or a limit of Node's, and not because it is gone. */
function isBreach({ code }: NodeJS.ErrnoException): boolean {
  return code === "ERR_HTTP2_ERROR" || code === "ERR_HTTP2_TOO_MANY_INVALID_FRAMES";
}

/** The HTTP status of a request that is not gRPC, or null. */
function refusalOf(headers: IncomingHttpHeaders): number | null {
  if (headers[HTTP2_HEADER_METHOD] !== "POST") return HTTP_STATUS_METHOD_NOT_ALLOWED;
  const type = headers[HTTP2_HEADER_CONTENT_TYPE];
  return typeof type === "string" && /^application\/grpc([+;]|$)/i.test(type)
    ? null
    : HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
}
