/*
 * MSG_WAITALL. On a non-blocking descriptor it returns what is available. If the caller's socket is blocking, and thus
 * would wait for everything, the pieces are collected here, and pushed back if the operation ends early. With a timeout
 * it may return less, as in Python. With MSG_PEEK nothing can be collected: for TCP the attempt is repeated until
 * everything is available or no more will arrive (for a unix socket the kernel does not wait either).
 */

import { constants } from "node:os";
import { SystemError, systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import { joinSmall } from "../sockets/pushback.js";
import { AGAIN, PARTLY, type Wait } from "../sockets/readiness.js";
import { isAgain } from "../sockets/socket-entry.js";
import type { Received } from "../sockets/unowned.js";
import { performWaiting } from "./perform.js";

const { EAGAIN } = constants.errno;

/** Peeks when everything is available, or no more will arrive. */
export function peekAll(entry: View<"receive">, wait: Wait, size: number, flags: number): Received | Promise<Received> {
  return performWaiting(entry, "data", wait, () => {
    const peeked = entry.receive(size, 0, flags);
    const short = typeof peeked !== "number" && peeked.data.length < size && !entry.state.hasEnded;
    return short ? -EAGAIN : peeked;
  });
}

/** Receives until everything is there, or no more will arrive. */
export async function gather(entry: View<"receive">, wait: Wait, size: number, flags: number): Promise<Received> {
  const pieces: Received[] = [];
  let missing = size;
  try {
    return await entry.readiness.perform("data", wait, () => {
      const before = missing;
      for (;;) {
        const piece = entry.receive(missing, 0, flags);
        if (typeof piece === "number") {
          if (isAgain(piece)) return missing < before ? PARTLY : AGAIN;
          // The bytes before the error are returned; the error is kept for the next call.
          if (pieces.length > 0) {
            entry.keepError(piece);
            return join(pieces);
          }
          throw systemError(piece, wait.operation);
        }
        const last = pieces.at(-1);
        const joined = last === undefined ? null : joinSmall(last, piece);
        if (joined !== null) pieces.pop();
        pieces.push(joined ?? piece);
        missing -= piece.data.length;
        if (missing === 0 || piece.data.length === 0) return join(pieces);
      }
    });
  } catch (error) {
    // SO_RCVTIMEO expired: the bytes received so far are returned, as by the kernel.
    if (pieces.length > 0 && error instanceof SystemError && error.errno === EAGAIN) return join(pieces);
    entry.pushBack(pieces);
    throw error;
  }
}

function join(pieces: readonly Received[]): Received {
  const data = Buffer.concat(pieces.map((piece) => piece.data));
  return { data, length: data.length, flags: pieces[0]?.flags ?? 0, address: pieces[0]?.address ?? null, control: [] };
}
