import { Code } from "../../rpc/code.js";

/**
 * gRPC codes for errnos, for callers that only look at the code. None is UNAVAILABLE, which middleware retries, because
 * a retried send or connect may be performed twice. None is DEADLINE_EXCEEDED or CANCELLED, which the caller's own gRPC
 * library produces.
 */
const codes: readonly (readonly [Code, readonly string[]])[] = [
  [
    Code.INVALID_ARGUMENT,
    ["EINVAL", "ENAMETOOLONG", "E2BIG", "EDESTADDRREQ", "EDOM", "EFAULT", "EILSEQ", "EMSGSIZE", "ENOPROTOOPT"],
  ],
  [Code.INVALID_ARGUMENT, ["ENOTSOCK", "ENOTTY", "EPROTOTYPE", "ESPIPE"]],
  [Code.NOT_FOUND, ["ENODEV", "ENOENT", "ENXIO", "ESRCH", "EADDRNOTAVAIL"]],
  [Code.ALREADY_EXISTS, ["EADDRINUSE", "EEXIST", "EALREADY"]],
  [Code.PERMISSION_DENIED, ["EPERM", "EACCES", "EROFS"]],
  // The state of the socket, its peer or the network has to change first.
  [
    Code.FAILED_PRECONDITION,
    ["EAGAIN", "EBADF", "EBUSY", "EINPROGRESS", "EISCONN", "EISDIR", "ENOTCONN", "ENOTDIR", "EPIPE", "ESHUTDOWN"],
  ],
  [
    Code.FAILED_PRECONDITION,
    ["ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENONET", "ENOLINK"],
  ],
  // The operation was in progress and was ended by something else.
  [Code.ABORTED, ["ECANCELED", "ECONNABORTED", "ECONNRESET", "EINTR", "ENETRESET", "ETIMEDOUT"]],
  [Code.RESOURCE_EXHAUSTED, ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC", "EUSERS", "ETOOMANYREFS"]],
  [Code.OUT_OF_RANGE, ["ERANGE", "EOVERFLOW", "EFBIG"]],
  [
    Code.UNIMPLEMENTED,
    ["ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EXDEV"],
  ],
];

const codeBySymbol = new Map(codes.flatMap(([code, symbols]) => symbols.map((symbol) => [symbol, code] as const)));

/** The gRPC code for an errno's symbol; UNKNOWN if none fits. */
export function codeOfErrno(symbol: string): Code {
  return codeBySymbol.get(symbol) ?? Code.UNKNOWN;
}
