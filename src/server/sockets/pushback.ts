import type { Received } from "../../native/binding.js";
import { linux } from "../../native/linux.js";

const { MSG_TRUNC } = linux;

/**
 * What was taken from the kernel for somebody who went away before getting it: data that an attach stream read ahead, or that
 * a cancelled MSG_WAITALL gathered, and an error behind data. It comes before what the kernel has.
 */
export class Pushback {
  #messages: Received[] = [];
  #error: number | null = null;

  /** Puts messages before those that are here, in order. */
  unshift(messages: readonly Received[]): void {
    this.#messages = [...messages, ...this.#messages];
  }

  /** Keeps an error, as -errno, for who comes behind the data. The kernel tells it once, and has told it. */
  keepError(error: number): void {
    this.#error = error;
  }

  /** Takes the error; null where there is none. */
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
   * Answers up to `size` bytes of the first message; with `keep`, leaves it here (MSG_PEEK). Behind the messages it answers
   * the error.
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
