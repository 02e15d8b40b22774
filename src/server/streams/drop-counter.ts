import { endianness } from "node:os";
import type { NativeSocket, Received } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import type { OpenDescription } from "../sockets/open-description.js";

const { SK_MEMINFO_DROPS, SK_MEMINFO_VARS, SOL_SOCKET, SO_RXQ_OVFL, SO_MEMINFO } = linux;

/** An array of uint32_t. */
const MEMINFO_BYTES = 4 * SK_MEMINFO_VARS;
const DROPS_OFFSET = 4 * SK_MEMINFO_DROPS;
/** CMSG_SPACE(sizeof(uint32_t)) on every 64-bit host. */
const CONTROL_BYTES = 24;

type OptionSocket = Pick<NativeSocket, "getsockopt" | "getsockoptInt" | "setsockoptInt">;

/**
 * The reported count belongs to the open description, like the kernel's counter, so that it continues from one stream
 * to the next.
 */
export type DropsTold = Pick<OpenDescription, "dropsTold">;

interface Dropped {
  readonly count: bigint;
  readonly total: bigint;
}

/**
 * Counts messages that the kernel drops because a socket's buffer is full. SO_RXQ_OVFL attaches the total to each
 * message that arrived after a drop; unless the caller enabled it, it is removed. Drops after the last message are read
 * from SO_MEMINFO.
 */
export class DropCounter {
  readonly controlBytes = CONTROL_BYTES;
  readonly #socket: OptionSocket;
  readonly #ours: boolean;
  readonly #told: DropsTold;

  /** Starts counting from what was reported before. Returns null if the socket does not support it. */
  static start(socket: OptionSocket, told: DropsTold): DropCounter | null {
    const before = socket.getsockoptInt(SOL_SOCKET, SO_RXQ_OVFL);
    if (typeof before === "number") return null;
    if (before.value !== 0) return new DropCounter(socket, false, told);
    return socket.setsockoptInt(SOL_SOCKET, SO_RXQ_OVFL, 1) < 0 ? null : new DropCounter(socket, true, told);
  }

  private constructor(socket: OptionSocket, ours: boolean, told: DropsTold) {
    this.#socket = socket;
    this.#ours = ours;
    this.#told = told;
  }

  /** Restores the socket's option. */
  stop(): void {
    if (this.#ours) this.#socket.setsockoptInt(SOL_SOCKET, SO_RXQ_OVFL, 0);
  }

  /** Returns the drops between the previous message and this one, or null. */
  see(message: Received): Dropped | null {
    const control = message.control.find(isDropCount);
    return control === undefined ? null : this.#advance(uint32(control.data, 0));
  }

  /** Returns the drops since the last message, or null. */
  look(): Dropped | null {
    const info = this.#socket.getsockopt(SOL_SOCKET, SO_MEMINFO, MEMINFO_BYTES);
    if (typeof info === "number" || info.length < MEMINFO_BYTES) return null;
    return this.#advance(uint32(info, DROPS_OFFSET));
  }

  #advance(total: number): Dropped | null {
    // The kernel's counter has 32 bits. A message that arrived before the last `look` has a smaller value.
    const count = (total - this.#told.dropsTold) | 0;
    if (count <= 0) return null;
    this.#told.dropsTold = total;
    return { count: BigInt(count), total: BigInt(total) };
  }

  /** Removes the count from a message, unless the caller enabled it. */
  strip(message: Received): Received {
    if (!this.#ours || !message.control.some(isDropCount)) return message;
    return { ...message, control: message.control.filter((control) => !isDropCount(control)) };
  }
}

function isDropCount({ level, type }: { readonly level: number; readonly type: number }): boolean {
  return level === SOL_SOCKET && type === SO_RXQ_OVFL;
}

function uint32(bytes: Uint8Array, offset: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(offset, endianness() === "LE");
}
