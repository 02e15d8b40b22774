/*
 * What the daemon asks the policy for beyond the permissions of each call: credentials of others, descriptors that reach
 * other processes, how much connections may send, and who is served when descriptors run out.
 */

import { once } from "node:events";
import type { Settings } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../src/native/linux.js";
import { HandMadeConnection } from "./hand-made-calls.js";
import { PolicyDaemon } from "./policy-daemon.js";
import { handleOf, type RawClient, symbolOf } from "./raw-broker.js";

const { AF_INET, AF_UNIX, SCM_CREDENTIALS, SOCK_STREAM, SOL_SOCKET } = linux;
const { connectTo, getsockname, sendFds, sendmsg, socket, socketpair } = SocketService.method;
/** The lowest limit with which a daemon starts. */
const DESCRIPTORS = 256;
const CALLERS = 400;
const x = Buffer.from("x");

/** The outcome of sending SCM_CREDENTIALS that are not the caller's, if the policy denies those. */
async function sendingForeignCredentials(daemon: PolicyDaemon, client: RawClient): Promise<string> {
  const handle = handleOf((await client.unary(socketpair, {})).first);
  const view = { case: "credentials", value: { pid: 1, uid: 65_534, gid: 65_534 } } as const;
  const message = { level: SOL_SOCKET, type: SCM_CREDENTIALS, view };
  await daemon.deny({ permission: "ancillary", endpoint: "credentials:1:65534:65534" });
  return await symbolOf(client.unary(sendmsg, { handle, buffers: [x], ancillaryData: [message] }));
}

/** The outcomes of giving a socket to this process, and of using it then, if the policy denies shared ones. */
async function sharing(daemon: PolicyDaemon, client: RawClient, family: number): Promise<readonly string[]> {
  const path = `${daemon.path}-outside`;
  const server = createServer().listen(path);
  await once(server, "listening");
  try {
    const opened = async (family: number) =>
      handleOf((await client.unary(socket, { family, type: SOCK_STREAM })).socket);
    const [way, shared] = [await opened(AF_UNIX), await opened(family)];
    const name = { case: "path", value: Buffer.from(path) } as const;
    await client.unary(connectTo, { handle: way, address: { address: { case: "unixDomain", value: { name } } } });
    await daemon.deny({ permission: "ancillary", endpoint: "shared:" });
    return [
      await symbolOf(client.unary(sendFds, { handle: way, buffers: [x], handles: [shared] })),
      await symbolOf(client.unary(getsockname, { handle: shared })),
    ];
  } finally {
    server.close();
  }
}

/** Uses ancillary data that the policy denies by the name of its endpoint. Returns the unexpected outcomes. */
export async function wrongAncillary(daemon: PolicyDaemon): Promise<string[]> {
  using client = daemon.client();
  await daemon.deny();
  const outcomes = {
    "credentials of another process": [await sendingForeignCredentials(daemon, client), "DENIED"],
    "a unix socket that another process gets": [(await sharing(daemon, client, AF_UNIX)).join(), "DENIED,ok"],
    "a socket that another process has": [(await sharing(daemon, client, AF_INET)).join(), "ok,DENIED"],
  } as const;
  await daemon.deny();
  return Object.entries(outcomes).flatMap(([what, [outcome, wanted]]) =>
    outcome === wanted ? [] : [`${what}: ${outcome}, not ${wanted}`],
  );
}

/** The number of streams that a connection may have, of callers who may open a session and of those who may not. */
export async function streamLimits(
  daemon: PolicyDaemon,
): Promise<{ readonly admitted: number; readonly refused: number }> {
  const limit = async (): Promise<number> => {
    using connection = new HandMadeConnection(daemon.path);
    const [settings] = (await once(connection.session, "remoteSettings")) as [Settings];
    return settings.maxConcurrentStreams ?? 0;
  };
  await daemon.deny();
  const admitted = await limit();
  await daemon.deny("session");
  const refused = await limit();
  await daemon.deny();
  return { admitted, refused };
}

/**
 * Whether a daemon without descriptors keeps its last ones for operators: other callers wait, and one that comes when the
 * policy allows `admin` again is served within this time.
 */
export async function operatorsGetIn(milliseconds: number, dist?: string): Promise<boolean> {
  await using daemon = await PolicyDaemon.start(dist, DESCRIPTORS);
  const callers: Socket[] = [];
  try {
    await daemon.deny("admin");
    while (callers.length < CALLERS) {
      const caller = connect(daemon.path).on("error", () => undefined);
      callers.push(caller);
      await once(caller, "connect");
    }
    // In a turn of its event loop the daemon accepts 64 callers at most, and those left would count as operators.
    for (let turn = 0; turn < CALLERS / 8; turn++) await daemon.deny("admin");
    await daemon.deny();
    using operator = daemon.client();
    const signal = AbortSignal.timeout(milliseconds);
    return (await symbolOf(operator.unary(SessionService.method.whoAmI, {}, { signal }))) === "ok";
  } finally {
    for (const caller of callers) caller.destroy();
  }
}
