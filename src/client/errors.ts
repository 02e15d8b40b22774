/**
 * Reports that the kernel of the daemon's host said no. Analogous to errno(3) and Python's OSError with an errno.
 */
export class SocketError extends Error {
  override readonly name = "SocketError";

  constructor(
    /** The errno's symbol, e.g. "ECONNREFUSED"; "UNKNOWN" for a number without a name there. */
    readonly code: string,
    /** The errno on the daemon's host: positive, as in C and Python (Node's own errors have it negative). */
    readonly errno: number,
    /** The call that failed, e.g. "connect". */
    readonly syscall: string,
    /** Whose number `errno` is, e.g. "linux". */
    readonly os: string,
    /** strerror(3) there. */
    text: string,
  ) {
    super(`${syscall} ${code}: ${text}`);
  }
}

/** Reports that the resolver said no. Analogous to gai_strerror(3) and Python's `socket.gaierror`. */
export class ResolverError extends Error {
  override readonly name = "ResolverError";

  constructor(
    /** E.g. "EAI_NONAME". */
    readonly code: string,
    /** EAI_* on the daemon's host; negative on Linux. */
    readonly errno: number,
    text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/** Reports that a host's entry was not found. Analogous to h_errno (gethostbyname(3)) and Python's `socket.herror`. */
export class HostError extends Error {
  override readonly name = "HostError";

  constructor(
    /** E.g. "HOST_NOT_FOUND". */
    readonly code: string,
    /** h_errno on the daemon's host. */
    readonly errno: number,
    text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/**
 * Reports that the timeout of the socket or of the call passed. Analogous to Python's `socket.timeout`; the kernel's own
 * ETIMEDOUT is a SocketError.
 */
export class SocketTimeoutError extends Error {
  override readonly name = "SocketTimeoutError";
  readonly code = "TIMEOUT";

  constructor(
    /** The operation that waited, e.g. "recv". */
    readonly operation: string,
  ) {
    super("timed out");
  }
}

/** What Python would raise for an argument: ValueError, OverflowError, TypeError, an OSError without errno, UnicodeError. */
export type ArgumentErrorKind = "value" | "overflow" | "type" | "os" | "unicode";

/**
 * Reports an argument that no call to the kernel was made with. What is not even of the right JavaScript type is a plain
 * TypeError.
 */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";

  constructor(
    /** Which of Python's exceptions it corresponds to. */
    readonly kind: ArgumentErrorKind,
    /** A stable symbol, e.g. "PORT_OUT_OF_RANGE". */
    readonly code: string,
    /** The operation, e.g. "bind". */
    readonly operation: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reports that the daemon's policy said no. */
export class PolicyDenial extends Error {
  override readonly name = "PolicyDenial";
  readonly code = "POLICY_DENIED";

  constructor(
    /** Name of the rule that decided; "default" when none matched. */
    readonly rule: string,
    /** As whom the daemon knows the caller, e.g. "uid:1000". */
    readonly principal: string,
    /** The verb of the policy, e.g. "connect". */
    readonly operation: string,
    /** The endpoint as a rule would write it, e.g. "10.0.0.1:443"; "" where there is none. */
    readonly endpoint: string,
    /** One sentence. */
    reason: string,
  ) {
    super(reason);
  }
}

/** Why the broker, or the way to it, said no. The second group is made by this client. */
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
  | "CANCELLED"
  | "DUPLICATE_OP_ID"
  | "INTERNAL"
  // The daemon is older than this client, and does not know what it was asked.
  | "UNKNOWN_REQUEST"
  | "UNKNOWN"
  // Nothing is at the endpoint.
  | "ENDPOINT_NOT_FOUND"
  // Nobody listens there.
  | "ENDPOINT_REFUSED"
  // This user may not open it.
  | "ENDPOINT_FORBIDDEN"
  // Whoever listens is no sockbroker daemon.
  | "NOT_A_BROKER"
  // The connection broke, and what was under way with it.
  | "CONNECTION_LOST"
  // The Broker object was closed.
  | "BROKER_CLOSED";

/** Reports that the broker itself said no, or could not be reached. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /**
   * Whether what was asked for may have been done nevertheless: for CONNECTION_LOST, of an operation that had been sent when
   * the connection broke. What was not sent is sent over the next connection, and so is what has no effect.
   */
  readonly mayHaveHappened: boolean;

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    /** For INTERNAL: what to look for in the daemon's log; "" otherwise. */
    readonly reference: string = "",
    options: ErrorOptions & { readonly mayHaveHappened?: boolean } = {},
  ) {
    super(message, options);
    this.mayHaveHappened = options.mayHaveHappened ?? false;
  }
}
