import type { ArgumentReason } from "../rpc/argument-reasons.js";
/** A system call on the daemon's host failed. Analogous to errno(3) and Python's OSError with an errno. */
export class SocketError extends Error {
  override readonly name = "SocketError";

  constructor(
    /** The errno's symbol, e.g. "ECONNREFUSED"; "UNKNOWN" if it has no name there. */
    readonly code: string,
    /** The errno on the daemon's host: positive, as in C and Python (Node's own errors have a negative one). */
    readonly errno: number,
    /** The system call that failed, e.g. "connect". */
    readonly syscall: string,
    /** The operating system that `errno` belongs to, e.g. "linux". */
    readonly os: string,
    /** strerror(3) on the daemon's host. */
    text: string,
  ) {
    super(`${syscall} ${code}: ${text}`);
  }
}

/** The resolver reported an error. Analogous to gai_strerror(3) and Python's `socket.gaierror`. */
export class ResolverError extends Error {
  override readonly name = "ResolverError";

  constructor(
    /** For example "EAI_NONAME". */
    readonly code: string,
    /** EAI_* on the daemon's host; negative on Linux. */
    readonly errno: number,
    text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/** A host look-up failed. Analogous to h_errno (gethostbyname(3)) and Python's `socket.herror`. */
export class HostError extends Error {
  override readonly name = "HostError";

  constructor(
    /** For example "HOST_NOT_FOUND". */
    readonly code: string,
    /** h_errno on the daemon's host. */
    readonly errno: number,
    text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/**
 * The timeout of the socket or of the call expired. Analogous to Python's `socket.timeout`. ETIMEDOUT of the kernel is
 * a SocketError instead.
 */
export class SocketTimeoutError extends Error {
  override readonly name = "SocketTimeoutError";
  readonly code = "TIMEOUT";

  constructor(
    /** The operation that timed out, e.g. "recv". */
    readonly operation: string,
  ) {
    super("timed out");
  }
}

/**
 * The corresponding exception in Python: ValueError, OverflowError, TypeError, an OSError without errno, UnicodeError.
 */
export type ArgumentErrorKind = "value" | "overflow" | "type" | "os" | "unicode";

/**
 * An invalid argument, detected before any system call. An argument of the wrong JavaScript type is a plain TypeError.
 */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
  /** A stable symbol, e.g. "PORT_OUT_OF_RANGE". */
  readonly code: string;

  constructor(
    /** The corresponding exception in Python. */
    readonly kind: ArgumentErrorKind,
    code: ArgumentReason,
    /** The operation, e.g. "bind". */
    readonly operation: string,
    message: string,
  ) {
    super(message);
    this.code = code;
  }
}

/** The daemon's policy denied the request. */
export class PolicyDenial extends Error {
  override readonly name = "PolicyDenial";
  readonly code = "POLICY_DENIED";

  constructor(
    /** Name of the rule that decided; "default" if no rule matched. */
    readonly rule: string,
    /** The principal as which the daemon authenticated the caller, e.g. "uid:1000". */
    readonly principal: string,
    /** The permission that was denied, e.g. "connect". */
    readonly permission: string,
    /** The endpoint as a rule would write it, e.g. "10.0.0.1:443"; "" if there is none. */
    readonly endpoint: string,
    /** One sentence. */
    reason: string,
  ) {
    super(reason);
  }
}

/** Why the daemon refused, or why it could not be reached. The second group is created by this client. */
export type BrokerErrorCode =
  | "HANDLE_NOT_FOUND"
  | "SESSION_NOT_FOUND"
  | "LEASE_EXPIRED"
  | "QUOTA_EXCEEDED"
  | "DRAINING"
  | "NOT_SUPPORTED_ON_HOST"
  | "MALFORMED_REQUEST"
  | "UNAUTHENTICATED"
  | "HANDLE_BUSY"
  | "UNREAD_DATA"
  | "CANCELLED"
  | "DUPLICATE_OP_ID"
  | "INTERNAL"
  // The daemon is older than this client, and does not know the request.
  | "UNKNOWN_REQUEST"
  | "UNKNOWN"
  // There is nothing at the endpoint.
  | "ENDPOINT_NOT_FOUND"
  // Nothing listens at the endpoint.
  | "ENDPOINT_REFUSED"
  // This user may not open the endpoint.
  | "ENDPOINT_FORBIDDEN"
  // The server at the endpoint is not a sockbroker daemon.
  | "NOT_A_BROKER"
  // The connection broke, and operations in progress failed with it.
  | "CONNECTION_LOST"
  // The Broker object was closed.
  | "BROKER_CLOSED";

/** The daemon itself refused the request, or could not be reached. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /**
   * Whether the operation may have been performed nevertheless: true for CONNECTION_LOST if it had been sent when the
   * connection broke. Operations that were not sent, or have no side effect, are repeated over the next connection.
   */
  readonly mayHaveHappened: boolean;

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    /** For INTERNAL: the reference to search for in the daemon's log; otherwise "". */
    readonly reference: string = "",
    options: ErrorOptions & { readonly mayHaveHappened?: boolean } = {},
  ) {
    super(message, options);
    this.mayHaveHappened = options.mayHaveHappened ?? false;
  }
}
