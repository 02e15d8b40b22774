/*
 * What a careless or a hostile caller might send on an HTTP/2 connection: calls of several kinds at once, whose frames
 * are mixed, with resets, pings, settings and frames that nobody asked for. On some connections frames are then damaged.
 *
 * No request has an address family, a path or a name, so that damaged ones do nothing to the host.
 */

import { deflateSync, gzipSync } from "node:zlib";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { HealthCheckRequestSchema } from "../../src/gen/grpc/health/v1/health_pb.js";
import { ServerReflectionRequestSchema } from "../../src/gen/grpc/reflection/v1/reflection_pb.js";
import { type OperationSchema, SessionRequestSchema } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { RecvRequestSchema, SendRequestSchema } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, WatchRequestSchema } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { framed, prefixOf } from "../support/hand-made-calls.js";
import { FLAG, FRAME, headerField, http2Frame, PREFACE, uint32 } from "../support/http2-frames.js";
import { cut, damage, noise, pick, type Random } from "./bytes.js";

/** What is done with one connection. */
export interface FuzzedConnection {
  readonly frames: readonly Buffer[];
  /** Whether the daemon may have been told a wrong length, and wait for the rest. */
  readonly damaged: boolean;
  /** Whether what the daemon sends is read. */
  readonly reads: boolean;
  /** Whether the caller goes before all is handled. */
  readonly abrupt: boolean;
  /** The bytes of the frames, as they are written. */
  readonly writes: readonly Buffer[];
}

/** The last frame of a connection that is not damaged: its answer shows that all others were handled. */
export const LAST_PING = Buffer.from("the last");

/** The handles of the first socket pair of a session. */
const handles = [2n ** 30n, 2n ** 30n + 1n] as const;

function encoded<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

const EMPTY = new Uint8Array();
const SOCKETPAIR = "/sockbroker.v1.SocketService/Socketpair";

/** A kind of call: its path, and the messages of one request. */
type Kind = readonly [path: string, messages: (random: Random) => readonly Uint8Array[]];

const kinds: readonly Kind[] = [
  [SOCKETPAIR, () => [EMPTY]],
  ["/sockbroker.v1.SessionService/WhoAmI", () => [EMPTY]],
  ["/sockbroker.v1.HostService/Gethostname", () => [EMPTY]],
  ["/sockbroker.v1.SocketService/Send", (random) => [encoded(SendRequestSchema, sending(random))]],
  ["/sockbroker.v1.SocketService/Recv", (random) => [encoded(RecvRequestSchema, receiving(random))]],
  ["/sockbroker.v1.SessionService/Session", sessionMessages],
  ["/sockbroker.v1.SessionService/Session", sessionMessages],
  ["/sockbroker.v1.StreamService/Attach", attachFrames],
  ["/sockbroker.v1.StreamService/Attach", attachFrames],
  ["/sockbroker.v1.StreamService/Watch", watchMessages],
  ["/grpc.health.v1.Health/Check", healthMessages],
  ["/grpc.health.v1.Health/Watch", healthMessages],
  ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reflectionMessages],
  ["/sockbroker.v1.SocketService/NoSuchMethod", () => [EMPTY]],
];

function sending(random: Random) {
  return { handle: pick(random, handles), data: noise(random, 2_000) };
}

function receiving(random: Random) {
  return { handle: pick(random, handles), maxBytes: BigInt(random(4_000)) };
}

function several<T>(random: Random, below: number, make: () => T): T[] {
  return Array.from({ length: 1 + random(below) }, make);
}

function sessionMessages(random: Random): Uint8Array[] {
  let opId = 0n;
  return several(random, 4, () => {
    const operations = several(random, 4, (): MessageInitShape<typeof OperationSchema> => {
      opId += 1n;
      switch (random(4)) {
        case 0:
          return { opId, request: { case: "send", value: sending(random) } };
        case 1:
          return { opId, request: { case: "recv", value: receiving(random) } };
        case 2:
          return { opId, request: { case: "socketpair", value: {} } };
        default:
          return { opId, request: { case: "close", value: { handle: handles[0] + BigInt(random(8)) } } };
      }
    });
    return encoded(SessionRequestSchema, { operations, cancelOpIds: [opId - BigInt(random(2))] });
  });
}

function attachFrames(random: Random): Uint8Array[] {
  const attach = encoded(ClientFrameSchema, {
    frame: { case: "attach", value: { handle: pick(random, handles), maxMessageBytes: random(3_000) } },
  });
  const frames = several(random, 8, () => {
    switch (random(12)) {
      case 0:
        return encoded(ClientFrameSchema, { frame: { case: "sync", value: { id: BigInt(random(9)) } } });
      case 1:
        return encoded(ClientFrameSchema, { frame: { case: "shutdown", value: { how: random(4) } } });
      case 2:
        return encoded(ClientFrameSchema, { frame: { case: pick(random, ["detach", "close"] as const), value: {} } });
      default:
        return encoded(ClientFrameSchema, {
          frame: { case: "data", value: noise(random, pick(random, [10, 10, 10, 20_000])) },
        });
    }
  });
  return [attach, ...frames];
}

function watchMessages(random: Random): Uint8Array[] {
  return several(random, 3, () =>
    encoded(WatchRequestSchema, {
      interests: several(random, 3, () => ({ handle: pick(random, handles), events: random(64) })),
    }),
  );
}

function healthMessages(random: Random): Uint8Array[] {
  return [encoded(HealthCheckRequestSchema, { service: pick(random, ["", "none", "sockbroker.v1.SocketService"]) })];
}

function reflectionMessages(random: Random): Uint8Array[] {
  return several(random, 3, () =>
    encoded(ServerReflectionRequestSchema, {
      messageRequest: pick(random, [
        { case: "listServices", value: "" },
        { case: "fileContainingSymbol", value: "sockbroker.v1.HostService" },
        { case: "fileByFilename", value: "none" },
      ] as const),
    }),
  );
}

/** Shorter than 16 KiB, with padding. */
const LONGEST_FRAME = 16_000;

const encodings = ["identity", "gzip", "deflate", "br"] as const;
const timeouts = ["1S", "20m", "0n", "99999999H", "1", "S", "-1S", ""] as const;
const errorCodes = [0, 1, 2, 5, 7, 8, 11, 99] as const;

interface OpenCall {
  readonly id: number;
  /** The pieces of its request that are not sent. */
  readonly pieces: Buffer[];
}

class Maker {
  readonly #random: Random;
  readonly #frames: Buffer[] = [];
  readonly #open: OpenCall[] = [];
  #nextId = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  make(): Buffer[] {
    const random = this.#random;
    this.#settings();
    // So that there are handles.
    if (random(4) !== 0) this.#call([SOCKETPAIR, () => [EMPTY]], "identity", true);
    for (let steps = 10 + random(90); steps > 0; steps--) this.#step();
    return this.#frames;
  }

  #step(): void {
    const random = this.#random;
    const choice = random(100);
    if (choice < 20) this.#call(pick(random, kinds), pick(random, encodings), random(3) !== 0);
    else if (choice < 75) this.#send();
    else if (choice < 82) this.#frame(FRAME.RST_STREAM, 0, this.#anyId(), uint32(pick(random, errorCodes)));
    else if (choice < 88) this.#windowUpdate();
    else if (choice < 91) this.#frame(FRAME.PING, random(2), 0, noise(random, 9).subarray(0, 8), 8);
    else if (choice < 93) this.#settings();
    else if (choice < 96)
      this.#frame(FRAME.PRIORITY, 0, this.#anyId(), Buffer.concat([uint32(2 * random(9)), Buffer.of(5)]));
    else if (choice < 97) this.#frame(FRAME.SETTINGS, FLAG.ACK, 0);
    else if (choice < 99) this.#frame(16 + random(200), random(256), random(2) * this.#anyId(), noise(random, 40));
    else if (random(4) === 0) this.#offence();
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0), size = payload.length): void {
    const padded = payload.length < size ? Buffer.concat([payload, Buffer.alloc(size - payload.length)]) : payload;
    this.#frames.push(http2Frame(type, flags, stream, padded));
  }

  /** A stream that was used, open or not. */
  #anyId(): number {
    return this.#nextId === 1 ? 1 : 1 + 2 * this.#random((this.#nextId - 1) / 2);
  }

  #settings(): void {
    const setting = (id: number, value: number) => Buffer.concat([Buffer.of(0, id), uint32(value)]);
    const random = this.#random;
    const some = [
      setting(1, pick(random, [0, 4_096])),
      setting(2, 0),
      setting(4, pick(random, [0, 1, 65_535, 65_535, 2 ** 20])),
      setting(5, 16_384),
      setting(random(256), random(2)),
    ];
    this.#frame(FRAME.SETTINGS, 0, 0, Buffer.concat(some.filter((_, index) => index < 4 && random(2) === 0)));
  }

  #windowUpdate(): void {
    const random = this.#random;
    const increment = random(100) === 0 ? pick(random, [0, 2 ** 31 - 1]) : 1 + random(70_000);
    this.#frame(FRAME.WINDOW_UPDATE, 0, random(2) * this.#anyId(), uint32(increment));
  }

  /** Begins a call. */
  #call([path, messages]: Kind, encoding: (typeof encodings)[number], isValid: boolean): void {
    const random = this.#random;
    const id = this.#nextId;
    this.#nextId += 2;
    const fields = [
      headerField(":method", "POST"),
      headerField(":scheme", "http"),
      headerField(":path", path),
      headerField(":authority", "x"),
      headerField("content-type", "application/grpc"),
      headerField("te", "trailers"),
    ];
    if (encoding !== "identity") fields.push(headerField("grpc-encoding", encoding));
    if (!isValid) this.#strangeFields(fields);
    this.#headers(id, Buffer.concat(fields));
    const body = this.#body(messages(random), encoding, isValid);
    this.#open.push({ id, pieces: cut(random, body, pick(random, [4, 300, 16_000])) });
  }

  #strangeFields(fields: Buffer[]): void {
    const random = this.#random;
    switch (random(9)) {
      case 0:
        fields.push(headerField("grpc-timeout", pick(random, timeouts)));
        return;
      case 1:
        fields.push(headerField("sockbroker-session", "0".repeat(32 - random(2))));
        return;
      case 2:
        fields.push(headerField("x-some-bin", noise(random, 60).toString("base64")));
        return;
      case 3:
        fields.splice(random(fields.length), 1);
        return;
      case 4:
        fields.push(headerField(pick(random, ["UPPER", "connection", ":status", "", "a b", "\u0000"]), "x"));
        return;
      case 5:
        fields.splice(random(fields.length), 1, headerField(":method", "GET"));
        return;
      case 6:
        for (let i = random(40); i > 0; i--) fields.push(headerField(`x-${i}`, "x".repeat(random(1_000))));
        return;
      default:
        fields.push(headerField("grpc-timeout", pick(random, ["20m", "1m", "0n", "1S"])));
    }
  }

  /** A HEADERS frame, perhaps with CONTINUATION. */
  #headers(id: number, block: Buffer): void {
    const random = this.#random;
    const parts = random(6) === 0 || block.length > LONGEST_FRAME ? cut(random, block, LONGEST_FRAME) : [block];
    for (const [index, part] of parts.entries()) {
      const flags = index === parts.length - 1 ? FLAG.END_HEADERS : 0;
      if (index > 0) this.#frame(FRAME.CONTINUATION, flags, id, part);
      else if (random(8) === 0) this.#frame(FRAME.HEADERS, flags | FLAG.PADDED, id, paddedBy(random(20), part));
      else this.#frame(FRAME.HEADERS, flags, id, part);
    }
  }

  #body(messages: readonly Uint8Array[], encoding: (typeof encodings)[number], isValid: boolean): Buffer {
    const random = this.#random;
    const body = Buffer.concat(
      messages.map((message) => {
        if (encoding === "identity" || random(2) === 0) return framed(message);
        return framed(encoding === "deflate" ? deflateSync(message) : gzipSync(message), 1);
      }),
    );
    if (isValid) return body;
    switch (random(5)) {
      case 0:
        return damage(random, body);
      case 1:
        return Buffer.concat([
          body,
          prefixOf(random(2) === 0 ? 4 * 2 ** 20 : 2 ** 32 - 1, random(2)),
          noise(random, 300),
        ]);
      case 2:
        return noise(random, 40);
      default:
        return body;
    }
  }

  /** Sends the next piece of a call, or its end. */
  #send(): void {
    const random = this.#random;
    if (this.#open.length === 0) return;
    const index = random(this.#open.length);
    const call = this.#open[index];
    const piece = call?.pieces.shift();
    if (call === undefined) return;
    if (piece === undefined) {
      if (random(3) === 0) return;
      // Some are kept, so that there is data after the end.
      if (random(30) !== 0) this.#open.splice(index, 1);
      this.#frame(FRAME.DATA, FLAG.END_STREAM, call.id);
      return;
    }
    if (random(8) === 0) this.#frame(FRAME.DATA, FLAG.PADDED, call.id, paddedBy(random(200), piece));
    else this.#frame(FRAME.DATA, 0, call.id, piece);
  }

  /** A frame with which HTTP/2 ends a connection. */
  #offence(): void {
    const random = this.#random;
    const types = [FRAME.DATA, FRAME.HEADERS, FRAME.RST_STREAM, FRAME.PUSH_PROMISE, FRAME.CONTINUATION, FRAME.GOAWAY];
    this.#frame(
      pick(random, types),
      random(256),
      pick(random, [0, 2, this.#anyId(), this.#nextId + 100]),
      noise(random, 40),
    );
  }
}

function paddedBy(bytes: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes), payload, Buffer.alloc(bytes)]);
}

/** What one caller sends. */
export function fuzzConnection(random: Random): FuzzedConnection {
  const made = new Maker(random).make();
  const damaged = random(3) === 0;
  const frames = damaged ? damageFrames(random, made) : [...made];
  if (!damaged) frames.push(http2Frame(FRAME.PING, 0, 0, LAST_PING));
  const bytes = Buffer.concat([PREFACE, ...frames]);
  return {
    frames,
    damaged,
    reads: random(4) !== 0,
    abrupt: random(4) === 0,
    writes: random(3) === 0 ? cut(random, bytes, pick(random, [100, 2_000])) : [bytes],
  };
}

/** Damages, repeats, drops and swaps some of the frames. */
function damageFrames(random: Random, frames: readonly Buffer[]): Buffer[] {
  const rate = pick(random, [10, 40, 100]);
  const damagedFrames: Buffer[] = [];
  for (const frame of frames) {
    if (random(rate) !== 0) damagedFrames.push(frame);
    else {
      switch (random(6)) {
        case 0:
          damagedFrames.push(frame, frame);
          break;
        case 1:
          damagedFrames.push(noise(random, 60));
          break;
        case 2:
          damagedFrames.splice(random(damagedFrames.length + 1), 0, frame);
          break;
        case 3:
          break;
        default:
          damagedFrames.push(damage(random, frame));
      }
    }
  }
  return damagedFrames;
}
