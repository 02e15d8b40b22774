/* HTTP/2 by hand, for callers that no library would be. */

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

const HEADER_BYTES = 9;

export function http2Frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A header field as a literal, which needs no table. */
export function headerField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), headerString(name), headerString(value)]);
}

function headerString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left >>>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.of(...length, left), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Finds the frames in the bytes of a connection. */
export class FrameFinder {
  #rest: Buffer = Buffer.alloc(0);
  readonly #onFrame: (type: number, flags: number, payload: Buffer) => void;

  constructor(onFrame: (type: number, flags: number, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  feed(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#onFrame(bytes.readUInt8(3), bytes.readUInt8(4), bytes.subarray(HEADER_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
