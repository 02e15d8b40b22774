/* One attempt of a receive, for readiness.ts: receives if there is data, or if no more can arrive. */

import { systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import { AGAIN, type Wait } from "../sockets/readiness.js";
import { isAgain } from "../sockets/socket-entry.js";
import type { Received } from "../sockets/unowned.js";

/** Receives data alone. */
export function attemptData(
  entry: View<"receive">,
  wait: Wait,
  size: number,
  flags: number,
): Received | Uint8Array | typeof AGAIN {
  const received = entry.receiveData(size, flags);
  return typeof received === "number" ? withoutData(entry, wait, received) : received;
}

/** Receives data with its address and ancillary data. */
export function attemptMessage(
  entry: View<"receive">,
  wait: Wait,
  size: number,
  controlSize: number,
  flags: number,
): Received | typeof AGAIN {
  const received = entry.receive(size, controlSize, flags);
  return typeof received === "number" ? withoutData(entry, wait, received) : received;
}

/** The result for `-errno`. Throws the operation's error unless it is EAGAIN. */
function withoutData(entry: View<"receive">, wait: Wait, error: number): Received | typeof AGAIN {
  if (!isAgain(error)) throw systemError(error, wait.operation);
  return wait.milliseconds === null && entry.receivingIsOver ? nothing : AGAIN;
}

const nothing: Received = { data: new Uint8Array(0), length: 0, flags: 0, address: null, control: [] };
