import { connect as connectTo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { OpenSessionRequestSchema, SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { type ClientChannel, closeChannel, openChannel, withSession } from "../rpc/client-channel.js";
import { chosenEndpoint, parseEndpoint } from "../rpc/endpoint.js";
import { unaryCall } from "../rpc/unary-call.js";
import { Broker } from "./broker.js";
import type { BrokerContext, CallOptions } from "./broker-context.js";
import { constantsFromProto } from "./constants.js";
import { sessionFromProto, whoAmIFromProto } from "./daemon-info.js";
import { durationOf } from "./duration.js";
import { errorFromCall } from "./error-from-status.js";
import { BrokerError } from "./errors.js";
import { OperationStream } from "./operation-stream.js";
import { required } from "./required.js";
import { createUnixPaths } from "./unix-paths.js";

/**
 * The session to use: a new leased one (lease in seconds; unset: the daemon's default), or an existing one by its
 * token.
 */
export type SessionChoice =
  | { readonly lease?: number | undefined; readonly name?: string | undefined }
  | { readonly token: string };

/** Options of `connect`. */
export interface ConnectOptions extends CallOptions {
  /** `unix:///path`, or a path with a slash in it. Unset: SOCKBROKER_ENDPOINT, then DEFAULT_ENDPOINT. */
  readonly endpoint?: string | undefined;
  /** Unset: a session of the broker's own, which ends with the broker and, however that ends, with this process. */
  readonly session?: SessionChoice | undefined;
  /** How long to wait for the daemon's answer, in seconds. Unset: 10. */
  readonly timeout?: number | undefined;
}

const TIMEOUT_SECONDS = 10;

/**
 * Connects to a daemon.
 *
 * Rejects with a BrokerError: ENDPOINT_NOT_FOUND, ENDPOINT_REFUSED, ENDPOINT_FORBIDDEN, NOT_A_BROKER,
 * SESSION_NOT_FOUND, LEASE_EXPIRED; with a PolicyDenial; with TypeError for an invalid endpoint or token.
 */
export async function connect(where?: string | ConnectOptions): Promise<Broker> {
  const options = typeof where === "string" ? { endpoint: where } : (where ?? {});
  const path = parseEndpoint(chosenEndpoint(options.endpoint));
  checkToken(options.session);
  options.signal?.throwIfAborted();
  const channel = openChannel(path);
  const timeout = AbortSignal.timeout((options.timeout ?? TIMEOUT_SECONDS) * 1000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  try {
    return await openBroker(channel, options.session ?? null, signal);
  } catch (error) {
    closeChannel(channel);
    options.signal?.throwIfAborted();
    throw await explain(errorFromCall(error), path, timeout);
  }
}

async function openBroker(channel: ClientChannel, choice: SessionChoice | null, signal: AbortSignal): Promise<Broker> {
  const token = await sessionToken(channel, choice, signal);
  signal.throwIfAborted();
  const own = withSession(channel, token);
  const operations = new OperationStream(own);
  // Cancels the stream, because a signal of an operation only sends a request to the other side, and a peer that is not
  // a daemon never answers.
  const giveUp = (): void => operations.cancel();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const [who, session, constants] = await Promise.all([
      operations.call("whoAmI", {}),
      operations.call("getSession", {}),
      operations.call("getConstants", {}),
    ]);
    const answer = whoAmIFromProto(who);
    const { lease, defaultTimeout } = sessionFromProto(required(session.session, "session"));
    operations.setLimits(answer.limits);
    operations.resumeWith({ leaseMilliseconds: (lease ?? 0) * 1000, isGone: () => isGone(channel.path) });
    const context: BrokerContext = {
      channel: own,
      operations,
      constants: constantsFromProto(constants),
      limits: answer.limits,
      host: answer.host,
      unixPaths: createUnixPaths(),
      ownsSession: choice === null,
      defaultTimeout,
    };
    return new Broker(context, answer, choice === null ? null : token);
  } catch (error) {
    operations.cancel();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** HTTP/2 drops a header value that ends with a blank, and the daemon would treat the call as one without a token. */
function checkToken(choice: SessionChoice | undefined): void {
  if (choice === undefined || !("token" in choice) || /^[0-9a-f]{32}$/.test(choice.token)) return;
  throw new TypeError("a session token must be 32 lower-case hexadecimal digits");
}

async function sessionToken(
  channel: ClientChannel,
  choice: SessionChoice | null,
  signal: AbortSignal,
): Promise<string> {
  if (choice !== null && "token" in choice) return choice.token;
  const { lease, name = "" } = choice ?? {};
  const request = create(OpenSessionRequestSchema, {
    name,
    endsWithProcess: choice === null,
    ...(lease === undefined ? {} : { lease: durationOf(lease, "openSession") }),
  });
  const { token } = await unaryCall(channel, SessionService.method.openSession, request, { signal });
  return token;
}

/** Explains a failed connection in terms of the endpoint, because the transport only reports that there is none. */
async function explain(error: unknown, path: string, timeout: AbortSignal): Promise<unknown> {
  const where = `unix://${path}`;
  if (timeout.aborted) {
    return new BrokerError("NOT_A_BROKER", `the server at ${where} does not respond as a sockbroker daemon`);
  }
  if (!(error instanceof BrokerError)) return error;
  // Every daemon of this API knows the calls that connecting makes.
  if (error.code === "UNKNOWN_REQUEST") {
    const text = `the server at ${where} is not a sockbroker daemon, or does not support sockbroker.v1`;
    return new BrokerError("NOT_A_BROKER", text, "", { cause: error });
  }
  if (error.code !== "CONNECTION_LOST" && error.code !== "CANCELLED" && error.code !== "INTERNAL") return error;
  return diagnosis(await probe(path), where, error);
}

/**
 * Like `explain`, for an error of a call that was made immediately. It may come from the daemon, and is then complete.
 */
export async function explainLoss(error: unknown, path: string): Promise<unknown> {
  if (!(error instanceof BrokerError) || error.code !== "CONNECTION_LOST") return error;
  const code = await probe(path);
  return code === null ? error : diagnosis(code, `unix://${path}`, error);
}

function diagnosis(code: string | null, where: string, cause: BrokerError): BrokerError {
  const options = { cause };
  const start = `is the daemon running? sockbroker serve --endpoint ${where}`;
  switch (code) {
    case null:
      return new BrokerError("NOT_A_BROKER", `the server at ${where} is not a sockbroker daemon`, "", options);
    case "ENOENT":
    case "ENOTDIR":
      return new BrokerError("ENDPOINT_NOT_FOUND", `cannot reach ${where}: no such file; ${start}`, "", options);
    case "ECONNREFUSED":
      return new BrokerError("ENDPOINT_REFUSED", `cannot reach ${where}: nobody listens there; ${start}`, "", options);
    case "EACCES":
    case "EPERM": {
      const admit = `to admit this user, run the daemon with --admit uid:${process.geteuid?.()}`;
      return new BrokerError("ENDPOINT_FORBIDDEN", `cannot reach ${where}: permission denied; ${admit}`, "", options);
    }
    default:
      return new BrokerError("CONNECTION_LOST", `cannot reach ${where}: ${code}`, "", options);
  }
}

/**
 * Tells whether there is no longer a daemon at a path, or none that this user may use. A daemon without room for
 * connections still exists.
 */
async function isGone(path: string): Promise<boolean> {
  const code = await probe(path);
  return code !== null && code !== "EAGAIN";
}

/** Tries to connect with a plain socket. Returns the error's code, or null if it succeeded. */
function probe(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connectTo({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "UNKNOWN"));
  });
}
