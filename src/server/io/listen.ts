import type { View } from "../access/views.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Python's default: 128, or SOMAXCONN if less, which it never is on Linux. */
const DEFAULT_BACKLOG = 128;

/** listen(2). Throws `SystemError`. */
export function startListening(entry: View<"listen">, backlog: number = DEFAULT_BACKLOG): void {
  checkNumber(entry.listen(Math.max(0, backlog)), "listen");
}
