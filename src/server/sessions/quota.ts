import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "../errors.js";

/** Counts what one owner has of a thing, and refuses to count beyond a limit. */
export class Quota {
  #used = 0;

  constructor(
    readonly what: string,
    readonly limit: number,
  ) {}

  get used(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= this.limit;
  }

  /** Counts `count` more. Throws QUOTA_EXCEEDED, and counts none, when they are too many. */
  take(count = 1): void {
    if (this.#used + count > this.limit) {
      throw new BrokerFault(BrokerError_Code.QUOTA_EXCEEDED, `more than ${this.limit} ${this.what}`);
    }
    this.#used += count;
  }

  /** Counts one more whether or not there is room, for what cannot be refused any more. */
  add(): void {
    this.#used += 1;
  }

  give(count = 1): void {
    this.#used -= count;
  }
}
