import { Code } from "../../rpc/status.js";

/** For callers that look at nothing but the gRPC code: what kind of thing each errno is. */
const codes: readonly (readonly [Code, readonly string[]])[] = [
  [
    Code.INVALID_ARGUMENT,
    ["EINVAL", "ENAMETOOLONG", "E2BIG", "EDESTADDRREQ", "EDOM", "EFAULT", "EILSEQ", "EMSGSIZE", "ENOPROTOOPT"],
  ],
  [Code.INVALID_ARGUMENT, ["ENOTSOCK", "ENOTTY", "EPROTOTYPE", "ESPIPE"]],
  [Code.DEADLINE_EXCEEDED, ["ETIMEDOUT"]],
  [Code.NOT_FOUND, ["ENODEV", "ENOENT", "ENXIO", "ESRCH", "EADDRNOTAVAIL"]],
  [Code.ALREADY_EXISTS, ["EADDRINUSE", "EEXIST", "EALREADY"]],
  [Code.PERMISSION_DENIED, ["EPERM", "EACCES", "EROFS"]],
  [
    Code.FAILED_PRECONDITION,
    ["EBADF", "EBUSY", "EISCONN", "ENOTCONN", "EPIPE", "ESHUTDOWN", "EINPROGRESS", "EISDIR", "ENOTDIR"],
  ],
  [Code.RESOURCE_EXHAUSTED, ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC", "EUSERS", "ETOOMANYREFS"]],
  [Code.OUT_OF_RANGE, ["ERANGE", "EOVERFLOW", "EFBIG"]],
  [
    Code.UNIMPLEMENTED,
    ["ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EXDEV"],
  ],
  [
    Code.UNAVAILABLE,
    ["EAGAIN", "ECONNREFUSED", "ECONNABORTED", "ECONNRESET", "EINTR", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN"],
  ],
  [Code.UNAVAILABLE, ["ENETRESET", "ENETUNREACH", "ENONET", "ENOLINK"]],
  [Code.CANCELLED, ["ECANCELED"]],
];

const codeBySymbol = new Map(codes.flatMap(([code, symbols]) => symbols.map((symbol) => [symbol, code] as const)));

/** The gRPC code for an errno's symbol; UNKNOWN where none fits. */
export function codeOfErrno(symbol: string): Code {
  return codeBySymbol.get(symbol) ?? Code.UNKNOWN;
}
