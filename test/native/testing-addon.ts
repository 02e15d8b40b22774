import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import type { NativeAddon, NegatedErrno, Sockaddr } from "../../src/native/binding.js";
import { addonFile } from "./helpers.js";

/** The addon with functions that only tests use, of testing.cc. */
export interface TestingAddon extends NativeAddon {
  /** The address codecs alone, for every family even if this kernel lacks it, and the guarded buffer. */
  readonly testing: {
    /** The bytes of the struct, family first. */
    encodeSockaddr(address: Sockaddr): Uint8Array | NegatedErrno;
    /**
     * `family`, `type` and `protocol` are the socket's; the layout of AF_CAN and AF_BLUETOOTH addresses depends on
     * them.
     */
    decodeSockaddr(bytes: Uint8Array, family: number, type: number, protocol: number): Sockaddr;
    /** Fills the guarded buffer. Calls with fewer bytes use its end. */
    fillGuarded(value: number): void;
    guardedBytes(): Uint8Array;
  };
}

/** Built beside the addon that is loaded, from the same compiled files. It has its own sockets and its own buffer. */
export const testingAddon: TestingAddon = createRequire(import.meta.url)(
  join(dirname(addonFile), "sockbroker_testing.node"),
);
