import { constants } from "node:http2";
import type { Socket } from "node:net";

const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;
const SETTINGS = 4;
const GOAWAY = 7;

/** A caller that is still sending when its connection is closed may not see why. Some are given time to close it. */
const CLOSE_TIMEOUT_MS = 1_000;
const MOST_AT_ONCE = 32;
let closing = 0;

/** Closes a connection that is not served, and tells the caller why: with a GOAWAY, which clients report. */
export function refuse(socket: Socket, reason: string): void {
  const ending = Buffer.alloc(8);
  ending.writeUInt32BE(NGHTTP2_ENHANCE_YOUR_CALM, 4);
  const goaway = frame(GOAWAY, Buffer.concat([ending, Buffer.from(reason)]));
  socket.on("error", () => undefined);
  const destroy = (): void => void socket.destroy();
  const mayClose = closing < MOST_AT_ONCE;
  socket.end(Buffer.concat([frame(SETTINGS, Buffer.alloc(0)), goaway]), mayClose ? undefined : destroy);
  if (!mayClose) return;
  closing += 1;
  const timer = setTimeout(destroy, CLOSE_TIMEOUT_MS);
  socket.once("close", () => {
    closing -= 1;
    clearTimeout(timer);
  });
  socket.resume();
}

/** A frame of the connection, in HTTP/2. */
function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  return Buffer.concat([header, payload]);
}
