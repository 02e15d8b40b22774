import type { Received } from "../../native/binding.js";

/**
 * Data that was taken from the kernel for somebody who went away before getting it: read ahead by an attach stream, or
 * gathered by a cancelled MSG_WAITALL. It comes before what the kernel has.
 */
export class Pushback {
  #messages: Received[] = [];

  /** Puts messages before those that are here, in order. */
  unshift(messages: readonly Received[]): void {
    this.#messages = [...messages, ...this.#messages];
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  get byteLength(): number {
    return this.#messages.reduce((sum, message) => sum + message.data.length, 0);
  }

  /** Answers up to `size` bytes of the first message; with `keep`, leaves it here (MSG_PEEK). */
  take(size: number, options: { readonly keep: boolean; readonly isStream: boolean }): Received | null {
    const first = this.#messages[0];
    if (first === undefined) return null;
    const rest = first.data.subarray(size);
    if (!options.keep) {
      if (options.isStream && rest.length > 0) this.#messages[0] = { ...first, data: rest, length: rest.length };
      else this.#messages.shift();
    }
    if (rest.length === 0) return first;
    return options.isStream ? { ...first, data: first.data.subarray(0, size), length: size } : truncated(first, size);
  }
}

const MSG_TRUNC = 0x20;

function truncated(message: Received, size: number): Received {
  return { ...message, data: message.data.subarray(0, size), flags: message.flags | MSG_TRUNC };
}
