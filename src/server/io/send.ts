/* Sending, as the operations and the frames of an attach stream share it. */

import type { Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import { AGAIN, type Attempt, PARTLY, type Wait } from "../sockets/readiness.js";
import { type ControlToSend, isAgain } from "../sockets/socket-entry.js";
import { authoriseFastOpen, openingFast } from "./fast-open.js";
import { performWaiting, type Waiting, waitOf } from "./perform.js";
import { sendWithControl } from "./send-control.js";

/** Returns an attempt that sends all of the data in order. `onSent` is called with the number of bytes of each send. */
export function sendingAll(
  entry: View<"send">,
  data: readonly Uint8Array[],
  flags: number,
  onSent: (bytes: number) => void = () => {},
): Attempt<null> {
  let rest = data;
  return () => {
    let result: typeof AGAIN | typeof PARTLY = AGAIN;
    do {
      const sent = entry.send(rest, null, flags, null);
      if (sent < 0) {
        if (isAgain(sent)) return result;
        throw systemError(sent, "send");
      }
      onSent(sent);
      rest = after(rest, sent);
      result = PARTLY;
    } while (rest.length > 0);
    return null;
  };
}

/** What follows the first `bytes` bytes of some buffers. */
function after(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  for (const [index, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(index + 1)];
    left -= buffer.length;
  }
  return [];
}

/** A message for sendmsg(2). */
export interface OutgoingMessage {
  readonly buffers: readonly Uint8Array[];
  /** null if there are none. */
  readonly control: Checked<readonly ControlToSend[], "ancillary"> | null;
  /** MSG_* flags. */
  readonly flags: number;
  readonly address: Checked<Sockaddr, "send"> | null;
}

/**
 * Returns a function that sends one message by sendmsg(2) and returns bytes sent, or -errno. Throws `PolicyDenied`: here for
 * MSG_FASTOPEN, and in that function for descriptors.
 */
export function sendingMessage(
  ctx: OpContext,
  entry: View<"send">,
  wait: Wait,
  message: OutgoingMessage,
): () => number {
  const { buffers, control, flags, address } = message;
  authoriseFastOpen(ctx, entry, flags, address);
  const send = (flags: number) => sendWithControl(ctx, entry, buffers, control, flags, address);
  return address === null ? () => send(flags) : openingFast(wait, flags, send);
}

/** Sends one message by sendmsg(2). Returns the number of bytes. */
export function sendMessage(
  ctx: OpContext,
  entry: View<"send">,
  syscall: string,
  message: OutgoingMessage & Waiting,
): number | Promise<number> {
  const wait = waitOf(ctx, entry, syscall, message);
  return performWaiting(entry, "write", wait, sendingMessage(ctx, entry, wait, message));
}
