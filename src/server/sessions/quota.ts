import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "../errors.js";

/** Counts something that one owner has, and refuses to exceed a limit. */
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

  /** Adds `count`. If that exceeds the limit, throws QUOTA_EXCEEDED and adds nothing. */
  take(count = 1): void {
    this.require(count);
    this.#used += count;
  }

  /** Throws QUOTA_EXCEEDED if there is no room for `count`. */
  require(count = 1): void {
    if (this.#used + count > this.limit) {
      throw new BrokerFault(BrokerError_Code.QUOTA_EXCEEDED, `more than ${this.limit} ${this.what}`);
    }
  }

  /** Adds `count` even beyond the limit, for what can no longer be refused. */
  add(count = 1): void {
    this.#used += count;
  }

  give(count = 1): void {
    this.#used -= count;
  }
}
