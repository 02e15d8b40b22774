import type { Socket } from "node:net";
import type { NativeAddon } from "../../native/binding.js";

/**
 * Ends connections whose callers are gone. Normally they end by themselves, but Node's HTTP/2 neither reads nor closes
 * a connection that it has given up on (for example after too many resets), which would keep its descriptor forever.
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

  /**
   * Ends connections that were already dead at the previous sweep. The time in between suffices to read their remaining
   * data.
   */
  sweep(): void {
    for (const [socket, connection] of this.#open) {
      if (socket.destroyed || !this.#native.hasHungUp(connection.descriptor)) continue;
      if (connection.hungUp) socket.destroy();
      connection.hungUp = true;
    }
  }
}
