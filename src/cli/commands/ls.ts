import { AddressFamily, type Admin, type HandleInfo, type SessionInfo, SocketType } from "../../client/index.js";
import { checkCount, seconds } from "../arguments.js";
import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes, UsageError } from "../exit-codes.js";
import { formatAddress, printable } from "../format-address.js";
import { json, jsonLine, print, table } from "../output.js";

export const ls = defineCommand({
  name: "ls",
  usage: ["[OPTIONS]", "--sessions [OPTIONS]"],
  description: [
    "Lists the daemon's sockets, each with its session, principal, state, addresses, the bytes in the " +
      "kernel's queues (for a listening socket: connections and backlog) and the bytes transferred, like ss(8). " +
      "Operators (the daemon's own user and root) see all sockets, others see their own.",
  ],
  options: {
    ...endpointOption,
    ...jsonOption,
    sessions: { type: "boolean", help: "list sessions" },
    session: { type: "string", value: "ID", help: "only the sockets of this session" },
    watch: { type: "boolean", short: "w", help: "print the list again, after an empty line, whenever it changes" },
    interval: {
      type: "string",
      short: "i",
      value: "SECONDS",
      help: "minimum time between two lists of --watch; unset: 1",
    },
  },
  examples: ["sockbroker ls", "sockbroker ls --watch --interval 0.5", "sockbroker ls --sessions --json"],
  run: async (values, positionals) => {
    checkCount(positionals, 0, 0, "");
    if (values.sessions && (values.watch || values.session !== undefined)) {
      throw new UsageError("--sessions cannot be combined with --session or --watch");
    }
    if (values.interval !== undefined && !values.watch) throw new UsageError("--interval requires --watch");
    const interval = values.interval === undefined ? {} : { interval: seconds(values.interval, "--interval") };
    await using broker = await connectTo(values.endpoint);
    const { admin } = broker;
    if (values.watch) await watch(admin, interval, values.session, values.json);
    else if (values.sessions) {
      const sessions = await admin.listSessions();
      await print(values.json ? json(sessions) : sessionTable(sessions));
    } else {
      const handles: HandleInfo[] = [];
      const filter = values.session === undefined ? {} : { sessionId: values.session };
      for await (const handle of admin.listHandles(filter)) handles.push(handle);
      await print(values.json ? json(handles) : handleTable(handles));
    }
    return exitCodes.ok[0];
  },
});

async function watch(
  admin: Admin,
  interval: { interval?: number },
  session: string | undefined,
  asJson: boolean,
): Promise<void> {
  let first = true;
  for await (const all of admin.watchHandles(interval)) {
    const handles = session === undefined ? all : all.filter(({ sessionId }) => sessionId === session);
    await print(asJson ? jsonLine(handles) : `${first ? "" : "\n"}${handleTable(handles)}`);
    first = false;
  }
}

function handleTable(handles: readonly HandleInfo[]): string {
  return table(
    [
      "HANDLE",
      "SESSION",
      "PRINCIPAL",
      "KIND",
      "STATE",
      ">RECV-Q",
      ">SEND-Q",
      "LOCAL",
      "PEER",
      ">RX",
      ">TX",
      ">WAIT",
      ">AGE",
    ],
    handles.map((handle) => [
      String(handle.handle),
      handle.sessionId,
      handle.principal,
      kindOf(handle),
      handle.state || "-",
      String(handle.receiveQueue),
      String(handle.sendQueue),
      formatAddress(handle.localAddress),
      formatAddress(handle.peerAddress),
      String(handle.receivedBytes),
      String(handle.sentBytes),
      String(handle.waitingOperations),
      age(handle.age),
    ]),
  );
}

function sessionTable(sessions: readonly SessionInfo[]): string {
  return table(
    ["SESSION", "PRINCIPAL", "KIND", ">LEASE", ">LEFT", ">HANDLES", "NAME"],
    sessions.map((session) => [
      session.id,
      session.principal,
      session.implicit ? "implicit" : "leased",
      session.lease === null ? "-" : age(session.lease),
      session.remainingLease === null ? "-" : age(session.remainingLease),
      String(session.handleCount),
      printable(session.name) || "-",
    ]),
  );
}

/** The name that ss(8) uses, if it has one. */
function kindOf({ family, type, proto }: HandleInfo): string {
  const typeName = (SocketType[type] ?? String(type)).toLowerCase();
  if (family === AddressFamily.INET || family === AddressFamily.INET6) {
    const name = type === SocketType.STREAM ? "tcp" : type === SocketType.DGRAM ? "udp" : `${typeName}/${proto}`;
    return family === AddressFamily.INET6 ? name.replace(/^(tcp|udp)$/, "$16") : name;
  }
  return `${(AddressFamily[family] ?? String(family)).toLowerCase()}/${typeName}`;
}

function age(total: number): string {
  if (total < 60) return `${total.toFixed(1)}s`;
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${minutes}m${Math.floor(total % 60)}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
