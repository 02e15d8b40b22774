import { SocketError } from "./errors.js";
import { EAFNOSUPPORT, EBADF, EMSGSIZE } from "./linux.js";

const errors = {
  EAFNOSUPPORT: { errno: EAFNOSUPPORT, text: "Address family not supported by protocol" },
  EBADF: { errno: EBADF, text: "Bad file descriptor" },
  EMSGSIZE: { errno: EMSGSIZE, text: "Message too long" },
} as const;

/** Creates the error of a system call that this client refuses without asking the daemon. */
export function localError(code: keyof typeof errors, syscall: string): SocketError {
  return new SocketError(code, errors[code].errno, syscall, "linux", errors[code].text);
}
