import type { NativeAddon, NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";

const { AF_UNIX, SOCK_DGRAM } = linux;

/**
 * Descriptors that the daemon keeps open for when its limit is reached. Callers then get EMFILE, and the daemon closes
 * some of these to serve an operator or for its own needs.
 */
export class DescriptorReserve {
  readonly #source: NativeSocket;
  readonly #size: number;
  readonly #spares: NativeSocket[] = [];

  /** Throws `SystemError`. */
  constructor(native: NativeAddon, size: number) {
    const source = native.socket(AF_UNIX, SOCK_DGRAM, 0, null);
    if (typeof source === "number") throw systemError(source, "socket");
    this.#source = source;
    this.#size = size;
    const error = this.#fill();
    if (error === 0) return;
    this.close();
    throw systemError(error, "fcntl");
  }

  /**
   * Replaces descriptors that `lend` used up permanently. Returns whether the reserve is complete, which means that
   * there is room for others.
   */
  refill(): boolean {
    return this.#fill() === 0;
  }

  /** Frees up to `count` descriptors while `act` runs. Those that `act` keeps are missing here until there is room. */
  lend<T>(count: number, act: () => T): T {
    for (let i = 0; i < count; i++) this.#spares.pop()?.close();
    try {
      return act();
    } finally {
      this.#fill();
    }
  }

  close(): void {
    for (const spare of this.#spares.splice(0)) spare.close();
    this.#source.close();
  }

  /** Returns 0 or -errno. */
  #fill(): number {
    while (this.#spares.length < this.#size) {
      const spare = this.#source.dup();
      if (typeof spare === "number") return spare;
      this.#spares.push(spare);
    }
    return 0;
  }
}
