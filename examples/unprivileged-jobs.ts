/*
 * The three jobs, each done twice: directly, where the kernel refuses, and through the daemon. "Directly" is the same
 * code with a daemon that this process started, which has no more privileges than the process. So the calls are the
 * same, and only the caller differs.
 */
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { createServer } from "node:net";
import { AddressFamily, type Attachment, type Broker, type Socket, SocketError, SocketType } from "sockbroker";
import { decodeIcmp, decodeIcmpFrame, describeIcmp, ECHO_REPLY, ECHO_REQUEST, encodeEchoRequest } from "./icmp.js";
import { DemoFailure, messageOf, narrate } from "./narrate.js";

/** Two daemons for the same calls. */
export interface Brokers {
  /** A daemon that this process started. */
  readonly own: Broker;
  /** The privileged daemon. */
  readonly daemon: Broker;
}

const LOOPBACK = "127.0.0.1";
/** In seconds. */
const TIMEOUT_SECONDS = 10;
const PORTS = Array.from({ length: 20 }, (_, index) => 80 + index);

/** Pings loopback. */
export async function pingLoopback({ own, daemon }: Brokers): Promise<void> {
  narrate.part("1. ICMP: ping 127.0.0.1 over a raw socket");
  await refused("socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)", "EPERM", async () => (await openIcmp(own)).close());
  await using socket = await openIcmp(daemon);
  narrate.line("through the daemon: the same call worked, the socket is the daemon's");
  const echo = { id: process.pid & 0xffff, sequence: 1, payload: Buffer.from("sockbroker") };
  const milliseconds = await ping(socket, echo);
  narrate.line(
    `through the daemon: ${echo.payload.length + 8} bytes from ${LOOPBACK}: icmp_seq=1 time=${milliseconds.toFixed(2)} ms`,
  );
}

/** Pings again, and captures the packets on a packet socket. */
export async function capturePing({ own, daemon }: Brokers): Promise<void> {
  narrate.part("2. Packet capture: see that ping on the wire");
  await refused("socket(AF_PACKET, SOCK_RAW, ETH_P_ALL)", "EPERM", async () => (await openCapture(own)).close());
  await using capture = await openCapture(daemon);
  await capture.bind({ family: "packet", interfaceName: "lo", protocol: daemon.constants.ETH_P_ALL });
  const attachment = await capture.attach({
    direction: "receive",
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
  });
  narrate.line("through the daemon: capturing on lo");
  await using socket = await openIcmp(daemon);
  const id = (process.pid + 1) & 0xffff;
  await ping(socket, { id, sequence: 1, payload: Buffer.from("sockbroker") });
  await watchFor(attachment, id, daemon.constants.PACKET_OUTGOING);
}

/** Serves HTTP on a port below 1024. */
export async function serveHttp({ daemon }: Brokers): Promise<void> {
  narrate.part("3. A port below 1024: serve HTTP");
  await refused(
    `listen on ${LOOPBACK}:${PORTS[0]}, by node:net`,
    "EACCES",
    () => listenDirectly(PORTS[0] ?? 0),
    lowPortsAreOpen,
  );
  await using listener = await listenLow(daemon);
  const address = await listener.getsockname();
  if (address?.family !== "inet") throw new DemoFailure("the listener has no address");
  const url = `http://${LOOPBACK}:${address.port}/`;
  narrate.line(`through the daemon: listening on ${LOOPBACK}:${address.port}`);

  // An ordinary node:http server, whose connections come from the daemon.
  const server = createHttpServer((_request, response) => response.end("hello from an unprivileged process\n"));
  const serving = serveConnections(listener, (socket) => server.emit("connection", socket.duplex()));
  const { status, body } = await fetchText(url);
  if (status !== 200 || !body.startsWith("hello")) throw new DemoFailure(`${url} answered ${status}: ${body}`);
  narrate.line(`a plain HTTP client (node:http): GET ${url} -> ${status} ${JSON.stringify(body.trim())}`);
  await listener.close();
  await serving;
}

async function openIcmp(broker: Broker): Promise<Socket> {
  return await broker.socket(AddressFamily.INET, SocketType.RAW, broker.constants.IPPROTO_ICMP);
}

async function openCapture(broker: Broker): Promise<Socket> {
  // As in Python, the protocol of a packet socket is in network byte order.
  return await broker.socket(AddressFamily.PACKET, SocketType.RAW, broker.htons(broker.constants.ETH_P_ALL));
}

/** Sends an echo request to loopback, waits for the answer, and returns the round-trip time in milliseconds. */
async function ping(socket: Socket, echo: { id: number; sequence: number; payload: Buffer }): Promise<number> {
  await socket.connect({ host: LOOPBACK, port: 0 });
  const started = performance.now();
  await socket.send(encodeEchoRequest(echo.id, echo.sequence, echo.payload));
  for await (const { data } of socket.messages({ timeout: TIMEOUT_SECONDS })) {
    const reply = decodeIcmp(data);
    if (reply?.type === ECHO_REPLY && reply.id === echo.id && reply.sequence === echo.sequence) break;
  }
  return performance.now() - started;
}

/** Prints the frames of a ping as they arrive, until both request and reply were seen. */
async function watchFor(attachment: Attachment, id: number, outgoing: number): Promise<void> {
  const missing = new Set([ECHO_REQUEST, ECHO_REPLY]);
  for await (const frame of attachment) {
    if (frame.type === "error") throw frame.error;
    if (frame.type !== "messages") continue;
    for (const { data, address } of frame.messages) {
      const icmp = decodeIcmpFrame(data);
      // Loopback shows each frame twice, outgoing and incoming.
      if (icmp?.id !== id || address?.family !== "packet" || address.packetType === outgoing) continue;
      narrate.line(`through the daemon: ${address.interfaceName}  ${data.length} bytes  ${describeIcmp(icmp)}`);
      missing.delete(icmp.type);
    }
    if (missing.size === 0) break;
  }
  if (missing.size > 0) throw new DemoFailure("the capture did not show the ping");
  attachment.cancel();
}

/** Listens on the first free port below 1024. */
async function listenLow(broker: Broker): Promise<Socket> {
  for (const port of PORTS) {
    try {
      return await broker.createServer({ host: LOOPBACK, port });
    } catch (error) {
      if (!(error instanceof SocketError) || error.code !== "EADDRINUSE") throw error;
    }
  }
  throw new DemoFailure(`the ports ${PORTS[0]} to ${PORTS.at(-1)} are all in use`);
}

async function listenDirectly(port: number): Promise<void> {
  const server = createServer().listen({ host: LOOPBACK, port });
  await once(server, "listening");
  server.close();
}

async function serveConnections(listener: Socket, serve: (socket: Socket) => void): Promise<void> {
  for await (const { socket } of listener.connections()) serve(socket);
}

async function fetchText(url: string): Promise<{ status: number | undefined; body: string }> {
  const request = get(url, { agent: false, timeout: TIMEOUT_SECONDS * 1000 });
  request.on("timeout", () => request.destroy(new DemoFailure(`${url} did not answer`)));
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode, body };
}

/** Tries something that must fail. Rejects with DemoFailure if it succeeds, unless `excuse` says why. */
async function refused(
  what: string,
  code: "EPERM" | "EACCES",
  attempt: () => Promise<void>,
  excuse: () => Promise<string | null> = async () => null,
): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== code) throw error;
    narrate.line(`directly:           ${what}: ${code}`);
    return;
  }
  const reason = await excuse();
  if (reason === null) throw new DemoFailure(`this process could do it itself: ${what}`);
  narrate.line(`directly:           ${what}: worked, because ${reason}`);
}

/** Why unprivileged processes may listen on low ports here; null if they may not. */
async function lowPortsAreOpen(): Promise<string | null> {
  const { readFile } = await import("node:fs/promises");
  try {
    const first = Number(await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
    return first <= (PORTS[0] ?? 0) ? `net.ipv4.ip_unprivileged_port_start is ${first} here` : null;
  } catch (error) {
    throw new DemoFailure(messageOf(error));
  }
}
