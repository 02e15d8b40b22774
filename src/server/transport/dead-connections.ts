import type { Socket } from "node:net";
import type { NativeAddon } from "../../native/binding.js";

/**
 * Ends connections whose callers are gone. As a rule they end by themselves; but one that Node's HTTP/2 has given up on, for
 * too many resets for example, is neither read nor closed any more, and would keep its descriptor for ever.
 */
export class DeadConnections {
  readonly #native: Pick<NativeAddon, "hasHungUp">;
  readonly #open = new Map<Socket, { readonly descriptor: number; hungUp: boolean }>();

  constructor(native: Pick<NativeAddon, "hasHungUp">) {
    this.#native = native;
  }

  add(socket: Socket, descriptor: number): void {
    this.#open.set(socket, { descriptor, hungUp: false });
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Ends those that were dead at the last look already: so long is enough to read what was left to read. */
  sweep(): void {
    for (const [socket, connection] of this.#open) {
      if (socket.destroyed || !this.#native.hasHungUp(connection.descriptor)) continue;
      if (connection.hungUp) socket.destroy();
      connection.hungUp = true;
    }
  }
}
