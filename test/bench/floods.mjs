// Floods of HTTP/2 frames for `npm run bench -- --abuse`: each is sent by several connections at once, as fast as the
// daemon takes it. Frames are made once, as bytes, because a client of node:http2 would be slower than the daemon.
//
// node floods.mjs PATH NAME CONNECTIONS MILLISECONDS

import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const FRAME = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, WINDOW_UPDATE: 8 };
const ACK = 1;
const END_HEADERS = 4;
const END_STREAM_AND_HEADERS = 5;
const FIRST_WINDOW = 65_535;
/** Frames of one write. */
const BATCH = 4_096;

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Header fields of a call, as HPACK literals that enter no table. */
function headers(path) {
  const fields = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "x" };
  const text = (value) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(
    Object.entries({ ...fields, "content-type": "application/grpc", te: "trailers" }).flatMap(([name, value]) => [
      Buffer.of(0),
      text(name),
      text(value),
    ]),
  );
}

const SESSION = headers("/sockbroker.v1.SessionService/Session");
const WHO_AM_I = headers("/sockbroker.v1.SessionService/WhoAmI");
const uint32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A connection that keeps to its windows, answers settings, and discards everything else. */
class Connection {
  #socket;
  #unread = Buffer.alloc(0);
  #window = FIRST_WINDOW;
  #streamWindow = FIRST_WINDOW;
  #changed = () => undefined;
  isOpen = true;

  constructor(path) {
    this.#socket = connect(path);
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.isOpen = false;
      this.#changed();
    });
    this.#socket.on("data", (bytes) => this.#read(bytes));
    this.#socket.on("drain", () => this.#changed());
    const settings = Buffer.concat([Buffer.of(0, 4), uint32(2 ** 24)]);
    const window = frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(2 ** 30));
    this.#socket.write(
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(FRAME.SETTINGS, 0, 0, settings), window]),
    );
  }

  /** Bytes of data that may be sent on stream 1. */
  get window() {
    return Math.min(this.#window, this.#streamWindow);
  }

  /** Sends frames, and waits until the socket takes more. `data` is what they use of the windows. */
  async send(bytes, data = 0) {
    this.#window -= data;
    this.#streamWindow -= data;
    if (!this.#socket.write(bytes)) await this.change();
  }

  /** Waits until something was received, the socket takes more, or the connection is closed. */
  async change() {
    if (!this.isOpen) return;
    await new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  close() {
    this.#socket.destroy();
  }

  #read(bytes) {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    let at = 0;
    while (this.#unread.length - at >= 9) {
      const length = this.#unread.readUIntBE(at, 3);
      if (this.#unread.length - at < 9 + length) break;
      this.#take(this.#unread.subarray(at, at + 9), this.#unread.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    this.#unread = this.#unread.subarray(at);
    this.#changed();
  }

  #take(header, payload) {
    const type = header.readUInt8(3);
    const stream = header.readUInt32BE(5);
    if (type === FRAME.WINDOW_UPDATE) {
      if (stream === 0) this.#window += payload.readUInt32BE(0);
      else this.#streamWindow += payload.readUInt32BE(0);
    } else if (type === FRAME.SETTINGS && header.readUInt8(4) !== ACK) {
      for (let at = 0; at < payload.length; at += 6)
        if (payload.readUInt16BE(at) === 4) this.#streamWindow += payload.readUInt32BE(at + 2) - FIRST_WINDOW;
      this.#socket.write(frame(FRAME.SETTINGS, ACK, 0));
    }
  }
}

/** Sends batches made by `batch`, which returns frames and the bytes of data in them, until the time is over. */
async function flood(path, first, batch, until) {
  let connection = new Connection(path);
  if (first !== null) await connection.send(first);
  while (performance.now() < until) {
    if (!connection.isOpen) {
      connection = new Connection(path);
      if (first !== null) await connection.send(first);
    }
    const { bytes, data } = batch(connection);
    if (bytes.length === 0) await connection.change();
    else await connection.send(bytes, data);
  }
  connection.close();
}

/** Data frames of one byte each. They are messages of no operations, one in five frames. */
function bytesOfSession() {
  const all = Buffer.concat(Array(BATCH).fill(frame(FRAME.DATA, 0, 1, Buffer.alloc(1))));
  return ({ window }) => {
    const count = Math.min(BATCH, window);
    return { bytes: all.subarray(0, 10 * count), data: count };
  };
}

/** Calls, as many as there are identifiers of streams. */
function calls(reset) {
  let stream = 1;
  return () => {
    const frames = [];
    for (let count = 0; count < BATCH / 16; count++) {
      frames.push(frame(FRAME.HEADERS, reset ? END_HEADERS : END_STREAM_AND_HEADERS, stream, WHO_AM_I));
      if (reset) frames.push(frame(FRAME.RST_STREAM, 0, stream, uint32(8)));
      stream += 2;
    }
    return { bytes: Buffer.concat(frames), data: 0 };
  };
}

const repeated = (one) => {
  const bytes = Buffer.concat(Array(BATCH).fill(one));
  return () => () => ({ bytes, data: 0 });
};

const session = frame(FRAME.HEADERS, END_HEADERS, 1, SESSION);

/** By name: what is sent first, and what then. */
const floods = {
  "data, a byte a frame": [session, bytesOfSession],
  "calls without a message": [null, () => calls(false)],
  "calls that are reset": [null, () => calls(true)],
  pings: [null, repeated(frame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
  settings: [null, repeated(frame(FRAME.SETTINGS, 0, 0))],
  "window updates": [session, repeated(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)))],
};

export const FLOODS = Object.keys(floods);

/** Sends a flood on some connections for some time. */
async function sendFlood(path, name, connections, milliseconds) {
  const [first, makeBatch] = floods[name];
  const until = performance.now() + milliseconds;
  setTimeout(() => process.exit(), milliseconds);
  await Promise.all(Array.from({ length: connections }, () => flood(path, first, makeBatch(), until)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path, name, connections, milliseconds] = process.argv.slice(2);
  await sendFlood(path, name, Number(connections), Number(milliseconds));
}
