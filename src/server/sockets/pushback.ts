import { linux } from "../../native/linux.js";
import type { Received } from "./unowned.js";

const { MSG_TRUNC } = linux;

/**
 * Data taken from the kernel for a caller that went away before receiving it: read ahead by an attach stream, or
 * collected by a cancelled MSG_WAITALL; and an error that follows it. It comes before the kernel's data.
 */
export class Pushback {
  #messages: Received[] = [];
  #error: number | null = null;

  /** Puts messages before those already here, in order. */
  unshift(messages: readonly Received[]): void {
    this.#messages = [...messages, ...this.#messages];
  }

  /** Keeps an error, as -errno, for the receive after the data. The kernel reports it only once, and already has. */
  keepError(error: number): void {
    this.#error = error;
  }

  /** Removes and returns the error; null if there is none. */
  takeError(): number | null {
    const error = this.#error;
    this.#error = null;
    return error;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0 && this.#error === null;
  }

  get byteLength(): number {
    return this.#messages.reduce((sum, message) => sum + message.data.length, 0);
  }

  /**
   * Returns up to `size` bytes of the first message; with `keep`, does not remove them (MSG_PEEK). After the messages,
   * returns the error.
   */
  take(size: number, options: { readonly keep: boolean; readonly isStream: boolean }): Received | number | null {
    const first = this.#messages[0];
    if (first === undefined) return this.takeError();
    const rest = first.data.subarray(size);
    if (!options.keep) {
      if (options.isStream && rest.length > 0) this.#messages[0] = { ...first, data: rest, length: rest.length };
      else this.#messages.shift();
    }
    if (rest.length === 0) return first;
    return options.isStream ? { ...first, data: first.data.subarray(0, size), length: size } : truncated(first, size);
  }
}

function truncated(message: Received, size: number): Received {
  return { ...message, data: message.data.subarray(0, size), flags: message.flags | MSG_TRUNC };
}
