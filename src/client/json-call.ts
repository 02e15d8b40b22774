import {
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { AdminService } from "../gen/sockbroker/v1/admin_service_pb.js";
import { ConversionService } from "../gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../gen/sockbroker/v1/resolver_service_pb.js";
import { SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../gen/sockbroker/v1/stream_service_pb.js";
import { closeChannel, openChannel, withSession } from "../rpc/client-channel.js";
import { chosenEndpoint, parseEndpoint } from "../rpc/endpoint.js";
import { serverStreamCall } from "../rpc/server-stream-call.js";
import { unaryCall } from "../rpc/unary-call.js";
import type { CallOptions } from "./broker-context.js";
import { explainLoss } from "./connect.js";
import { errorFromCall } from "./error-from-status.js";

const services: readonly DescService[] = [
  SessionService,
  SocketService,
  StreamService,
  ResolverService,
  InterfaceService,
  HostService,
  ConversionService,
  PolicyService,
  AdminService,
];

/** An RPC of the API. */
export interface RpcMethod {
  /** For example "SocketService/Socket". */
  readonly name: string;
  /** RPCs of kind "bidi_streaming" cannot be called with JSON. */
  readonly kind: DescMethod["methodKind"];
}

/** Options of `callJson`. */
export interface JsonCallOptions extends CallOptions {
  /** As for `connect`. */
  readonly endpoint?: string | undefined;
  /** Token of a leased session. Unset: a session for this call only, whose handles are closed after it. */
  readonly sessionToken?: string | undefined;
}

/** Lists every RPC of the API, in the order of the services. */
export function rpcMethods(): RpcMethod[] {
  return services.flatMap((service) =>
    service.methods.map((method) => ({ name: `${service.name}/${method.name}`, kind: method.methodKind })),
  );
}

/**
 * Calls an RPC by name on a new connection, with messages in protobuf's JSON form (names in camelCase, 64-bit integers
 * as text, bytes in base64). Yields one response, or those of a streaming RPC. The prefix `sockbroker.v1.` of the
 * service's name is optional.
 *
 * Throws TypeError for an unknown RPC or an invalid message; otherwise the errors of `connect` and of the RPC.
 */
export async function* callJson(
  name: string,
  request: JsonValue,
  { endpoint: where, sessionToken, signal }: JsonCallOptions = {},
): AsyncGenerator<JsonValue, void, undefined> {
  const method = methodNamed(name);
  const message = requestFrom(method, request);
  const path = parseEndpoint(chosenEndpoint(where));
  const channel = openChannel(path);
  const own = sessionToken === undefined ? channel : withSession(channel, sessionToken);
  try {
    if (method.methodKind === "unary") {
      yield answerFrom(method, await unaryCall(own, method, message, { signal }));
    } else {
      for await (const answer of serverStreamCall(own, method, message, signal)) yield answerFrom(method, answer);
    }
  } catch (error) {
    throw await explainLoss(errorFromCall(error), path);
  } finally {
    closeChannel(channel);
  }
}

type CallableMethod = DescMethod & (DescMethodUnary | DescMethodServerStreaming);

function methodNamed(name: string): CallableMethod {
  const [serviceName = "", methodName = ""] = name.split("/", 2);
  const service = services.find((candidate) => candidate.typeName === serviceName || candidate.name === serviceName);
  const method = service?.methods.find((candidate) => candidate.name === methodName);
  if (method === undefined) throw new TypeError(`there is no RPC ${JSON.stringify(name)}`);
  if (method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming") {
    throw new TypeError(`${name} takes a stream of messages, and cannot be called with one`);
  }
  return method as CallableMethod;
}

function requestFrom(method: DescMethod, json: JsonValue): Message {
  try {
    return fromJson(method.input, json);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new TypeError(`not a ${method.input.name}: ${text}${enumAdvice(method, text)}`, { cause: error });
  }
}

/** Suggests the full name of an enum value that was abbreviated: ADDRESS_FAMILY_INET for AF_INET. */
function enumAdvice(method: DescMethod, complaint: string): string {
  const [, type, text = ""] = /cannot decode enum (\S+) from JSON: "(\w+)"$/.exec(complaint) ?? [];
  const { file } = method.input;
  const values = [file, ...file.dependencies]
    .flatMap(({ enums }) => enums)
    .filter(({ typeName }) => typeName === type)
    .flatMap((candidate) => candidate.values.map(({ name }) => name));
  const short = text.toUpperCase().replace(/^.*?_/, "");
  const meant = values.find((name) => name.endsWith(`_${short}`));
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

function answerFrom(method: DescMethod, answer: Message): JsonValue {
  // Includes fields with default values, so that scripts need not handle their absence.
  return toJson(method.output, answer, { alwaysEmitImplicit: true });
}
