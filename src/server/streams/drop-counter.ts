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

/** What the kernel counts for a socket goes on from one stream to the next, and so does what was told of it. */
export type DropsTold = Pick<OpenDescription, "dropsTold">;

interface Dropped {
  readonly count: bigint;
  readonly total: bigint;
}

/**
 * Counts what the kernel drops of a message socket because its buffer is full. SO_RXQ_OVFL puts the total beside each
 * message that came after a drop; where the caller did not ask for it himself, he does not see it. What was dropped after
 * the last message SO_MEMINFO tells.
 */
export class DropCounter {
  readonly controlBytes = CONTROL_BYTES;
  readonly #socket: OptionSocket;
  readonly #ours: boolean;
  readonly #told: DropsTold;

  /** Begins to count behind what was told before, where the socket can. */
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

  /** Puts the socket back as it was. */
  stop(): void {
    if (this.#ours) this.#socket.setsockoptInt(SOL_SOCKET, SO_RXQ_OVFL, 0);
  }

  /** Answers what was dropped before this message and after the last, or null. */
  see(message: Received): Dropped | null {
    const control = message.control.find(isDropCount);
    return control === undefined ? null : this.#advance(uint32(control.data, 0));
  }

  /** Answers what was dropped up to now and after the last message, or null. */
  look(): Dropped | null {
    const info = this.#socket.getsockopt(SOL_SOCKET, SO_MEMINFO, MEMINFO_BYTES);
    if (typeof info === "number" || info.length < MEMINFO_BYTES) return null;
    return this.#advance(uint32(info, DROPS_OFFSET));
  }

  #advance(total: number): Dropped | null {
    // The kernel's counter has 32 bits. A message that came before the last look has a smaller one.
    const count = (total - this.#told.dropsTold) | 0;
    if (count <= 0) return null;
    this.#told.dropsTold = total;
    return { count: BigInt(count), total: BigInt(total) };
  }

  /** Takes the count out of a message again, if it was not the caller who asked for it. */
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
