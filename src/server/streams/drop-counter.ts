import { endianness } from "node:os";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import type { Received } from "../sockets/unowned.js";

const { SOL_SOCKET, SO_RXQ_OVFL } = linux;
/** CMSG_SPACE(sizeof(uint32_t)) on every 64-bit host. */
const CONTROL_BYTES = 24;

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
  readonly #socket: View<"receive">;
  readonly #ours: boolean;
  #stopped = false;

  /**
   * Starts counting from what was reported before, which belongs to the open description like the kernel's counter.
   * Returns null if the socket does not support it.
   */
  static start(socket: View<"receive">): DropCounter | null {
    const before = socket.state.showsDrops;
    if (before === null) return null;
    // Otherwise the caller has enabled it, not a stream on a duplicate.
    if (before && socket.dropCounters === 0) return new DropCounter(socket, false);
    if (!before && socket.showDrops(true) < 0) return null;
    socket.dropCounters += 1;
    return new DropCounter(socket, true);
  }

  private constructor(socket: View<"receive">, ours: boolean) {
    this.#socket = socket;
    this.#ours = ours;
  }

  /** Restores the socket's option, unless other streams need it. Idempotent. */
  stop(): void {
    if (!this.#ours || this.#stopped) return;
    this.#stopped = true;
    this.#socket.dropCounters -= 1;
    if (this.#socket.dropCounters === 0) this.#socket.showDrops(false);
  }

  /** Returns the drops between the previous message and this one, or null. */
  see(message: Received): Dropped | null {
    const control = message.control.find(isDropCount);
    return control === undefined ? null : this.#advance(uint32(control.data, 0));
  }

  /** Returns the drops since the last message, or null. */
  look(): Dropped | null {
    const { drops } = this.#socket.state;
    return drops === null ? null : this.#advance(drops);
  }

  #advance(total: number): Dropped | null {
    // The kernel's counter has 32 bits. A message that arrived before the last `look` has a smaller value.
    const count = (total - this.#socket.dropsTold) | 0;
    if (count <= 0) return null;
    this.#socket.dropsTold = total;
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
