import { AddressFamily, type Broker, type Socket, type SocketAddress, SocketType } from "../../client/index.js";
import { about } from "../about.js";
import { checkCount, checkPort, seconds } from "../arguments.js";
import { defineCommand, endpointOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes, UsageError } from "../exit-codes.js";
import { familyOf, familyOptions } from "../family.js";
import { formatAddress } from "../format-address.js";
import { relayMessages, relayStream } from "../nc-relay.js";
import { note } from "../output.js";

/** The parsed command line. */
interface Plan {
  readonly listen: boolean;
  readonly type: SocketType.STREAM | SocketType.DGRAM;
  /** 0 means any internet family. */
  readonly family: number;
  /** Remote, or local with `listen`. A path if `family` is AF_UNIX. */
  readonly host: string;
  readonly port: string;
  /** Local address to connect from. */
  readonly source: { readonly host: string; readonly port: string } | null;
  /** In seconds; null means no limit. */
  readonly timeout: number | null;
  readonly tell: (line: string) => void;
}

const options = {
  ...endpointOption,
  ...familyOptions,
  listen: { type: "boolean", short: "l", help: "listen, and serve the first connection or sender" },
  udp: { type: "boolean", short: "u", help: "UDP; with -U datagrams" },
  unix: { type: "boolean", short: "U", help: "use a unix socket, at a path in the daemon's file system" },
  port: { type: "string", short: "p", value: "PORT", help: "the local port" },
  source: { type: "string", short: "s", value: "ADDRESS", help: "the local address; with -U the local path" },
  wait: {
    type: "string",
    short: "w",
    value: "SECONDS",
    help: "timeout for connecting, and for transfers without data; -l waits for a connection without a limit",
  },
  "no-stdin": { type: "boolean", short: "d", help: "do not read stdin" },
  verbose: { type: "boolean", short: "v", help: "print the addresses of the connection on stderr" },
} as const;

export const nc = defineCommand({
  name: "nc",
  usage: ["[OPTIONS] HOST PORT", "-l [OPTIONS] [HOST] PORT", "-U [-l] [OPTIONS] PATH"],
  description: [
    "Connects or listens through the daemon, sends data from stdin, and writes received data to stdout.",
    "Each direction ends independently. At the end of stdin, writing is shut down after the last byte (other " +
      "versions of nc need -N for that), and reading continues; at the end of the peer's data, stdout is " +
      "closed, and stdin is still sent. The command returns when both directions have ended. UDP and other " +
      "datagrams have no end: -w (with status 0) or a signal ends them. Each read of stdin becomes one message, " +
      "of at most 16384 bytes.",
  ],
  options,
  examples: [
    "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sockbroker nc localhost 80",
    "sockbroker nc -l -v 127.0.0.1 0",
    "echo hello | sockbroker nc -u -w 1 127.0.0.1 9",
    "sockbroker nc -U /run/daemon.sock",
  ],
  run: async (values, positionals) => {
    const plan = {
      ...target(values, positionals),
      listen: values.listen,
      type: values.udp ? SocketType.DGRAM : SocketType.STREAM,
      timeout: values.wait === undefined ? null : seconds(values.wait, "-w"),
      tell: values.verbose ? note : () => undefined,
    } as const;
    await using broker = await connectTo(values.endpoint);
    await using socket = plan.listen ? await listenOnce(broker, plan) : await open(broker, plan);
    const input = values["no-stdin"] ? null : process.stdin;
    if (socket.type === SocketType.STREAM) await relayStream(socket, input, plan.timeout);
    else await relayMessages(socket, input, plan.timeout);
    return exitCodes.ok[0];
  },
});

interface TargetValues {
  readonly listen: boolean;
  readonly unix: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly port: string | undefined;
  readonly source: string | undefined;
}

function target(
  values: TargetValues,
  positionals: readonly string[],
): Pick<Plan, "family" | "host" | "port" | "source"> {
  const { listen, unix, port, source } = values;
  if (unix) {
    if (values.ipv4 || values.ipv6 || port !== undefined)
      throw new UsageError("-U cannot be combined with -4, -6 or -p");
    if (listen && source !== undefined) throw new UsageError("-l cannot be combined with -s: PATH is the local path");
    checkCount(positionals, 1, 1, "PATH");
    const [path = ""] = positionals;
    return {
      family: AddressFamily.UNIX,
      host: path,
      port: "",
      source: source === undefined ? null : { host: source, port: "" },
    };
  }
  const family = familyOf(values);
  if (!listen) {
    checkCount(positionals, 2, 2, "HOST or PORT");
    const [host = "", remote = ""] = positionals;
    const local = { host: source ?? "", port: port ?? "0" };
    checkPort(remote, "PORT", 1);
    checkPort(local.port, "-p", 0);
    return { family, host, port: remote, source: port === undefined && source === undefined ? null : local };
  }
  const rest = [...positionals];
  const own = port ?? rest.pop();
  if (own === undefined) throw new UsageError("PORT is missing");
  checkCount(rest, 0, 1, "");
  checkPort(own, port === undefined ? "PORT" : "-p", 0);
  if (source !== undefined && rest.length > 0)
    throw new UsageError("with -l the local address is HOST or -s, not both");
  return { family, host: source ?? rest[0] ?? "", port: own, source: null };
}

/** Connects to the first of the target's addresses that accepts. */
async function open(broker: Broker, plan: Plan): Promise<Socket> {
  const { family, host, port, type } = plan;
  if (family === AddressFamily.UNIX) return await openOne(broker, plan, family, 0, host);
  const candidates = await about(host, broker.getaddrinfo(host, port, { family, type }));
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      return await openOne(broker, plan, candidate.family, candidate.proto, candidate.address);
    } catch (error) {
      failure = error;
      plan.tell(error instanceof Error ? error.message : String(error));
    }
  }
  throw failure;
}

async function openOne(
  broker: Broker,
  { type, source, timeout, tell }: Plan,
  family: number,
  proto: number,
  address: SocketAddress | string,
): Promise<Socket> {
  const socket = await broker.socket(family, type, proto);
  try {
    if (source !== null) {
      if (family !== AddressFamily.UNIX) await reuseAddress(broker, socket);
      await bind(broker, socket, family, source);
    } else if (family === AddressFamily.UNIX && type === SocketType.DGRAM) {
      // Without an address of its own it could not receive an answer.
      await socket.bind("");
    }
    const { localAddress: local, peerAddress: peer } = await about(
      typeof address === "string" ? address : formatAddress(address),
      socket.connect(address, { timeout }),
    );
    tell(`connected to ${formatAddress(peer)} from ${formatAddress(local)}`);
    return socket;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/** Waits for the first connection, or the first message, and returns the socket to use. */
async function listenOnce(broker: Broker, plan: Plan): Promise<Socket> {
  const family = plan.family === 0 ? familyOfHost(plan.host) : plan.family;
  const listener = await broker.socket(family, plan.type);
  const unix = family === AddressFamily.UNIX;
  if (!unix) await reuseAddress(broker, listener);
  const bound = await bind(broker, listener, family, plan);
  if (plan.type === SocketType.DGRAM) {
    plan.tell(`listening on ${formatAddress(bound)}`);
    // Peek, so that the relay can still read the message.
    const { address } = await listener.recvfrom(1, { flags: broker.constants.MSG_PEEK });
    if (address !== null && formatAddress(address) !== "*") await listener.connect(address);
    plan.tell(`first message from ${formatAddress(address)}`);
    return listener;
  }
  await using listening = listener;
  plan.tell(`listening on ${formatAddress(await listening.listen(1))}`);
  const { socket, address } = await listening.accept();
  plan.tell(`connection from ${formatAddress(address)}`);
  return socket;
}

async function bind(
  broker: Broker,
  socket: Socket,
  family: number,
  { host, port }: { readonly host: string; readonly port: string },
): ReturnType<Socket["bind"]> {
  if (family === AddressFamily.UNIX) return await about(host, socket.bind(host));
  const number = /^\d+$/.test(port) ? Number(port) : await about(port, broker.getservbyname(port));
  return await about(`${host || "*"}:${port}`, socket.bind({ host, port: number }));
}

async function reuseAddress(broker: Broker, socket: Socket): Promise<void> {
  await socket.setsockopt(broker.constants.SOL_SOCKET, broker.constants.SO_REUSEADDR, 1);
}

function familyOfHost(host: string): number {
  return host.includes(":") ? AddressFamily.INET6 : AddressFamily.INET;
}
