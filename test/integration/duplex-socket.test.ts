/* `duplex()` in place of Node's own socket: with http, and compared with `net.Socket`. Needs `npm run build`. */

import { once } from "node:events";
import { Agent, createServer as createHttp, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect as connectTo, createServer, type Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { Broker, SocketDuplex } from "../../src/client/index.js";
import { beforeTests, internetAddress, listening, rejection, tcpPair } from "../support/client.js";
import { until } from "../support/raw-broker.js";

let broker: Broker;
beforeTests((started) => {
  ({ broker } = started);
});

/** An agent that uses sockets of the daemon. */
class BrokeredAgent extends Agent {
  made = 0;

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.made += 1;
    broker.createConnection({ host: String(options.host), port: Number(options.port) }).then(
      (socket) => callback?.(null, socket.duplex({ allowHalfOpen: false })),
      (error: Error) => callback?.(error, undefined as never),
    );
    return undefined;
  }
}

async function fetchWith(agent: Agent, port: number, path = "/", timeout?: number): Promise<string> {
  const asked = request({ agent, host: "127.0.0.1", port, path, ...(timeout === undefined ? {} : { timeout }) });
  asked.once("timeout", () => asked.destroy(new Error("timed out")));
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return text(response);
}

describe("http", () => {
  test("keeps connections alive over an agent", async () => {
    const server = createHttp((asked, answer) => answer.end(`${asked.url} ${asked.socket.remotePort}`));
    const port = await listening(server);
    const agent = new BrokeredAgent({ keepAlive: true });
    // The agent has the connection back once the request's last write is reported too, which may be after the response.
    const fetchAndFree = async () => {
      const freed = once(agent, "free");
      const answer = await fetchWith(agent, port, "/first");
      await freed;
      return answer;
    };
    const first = await fetchAndFree();
    for (let round = 0; round < 10; round++) expect(await fetchAndFree()).toBe(first);
    expect(agent.made).toBe(1);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => fetchWith(agent, port, `/${i}`)));
    expect(answers.map((answer) => answer.split(" ")[0])).toEqual(Array.from({ length: 10 }, (_, i) => `/${i}`));
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  test("times requests out", async () => {
    const server = createHttp(() => undefined);
    const port = await listening(server);
    const agent = new BrokeredAgent();
    expect((await rejection(fetchWith(agent, port, "/", 50))).message).toBe("timed out");
    server.closeAllConnections();
    server.close();
  });

  test("accepts connections of the daemon's sockets", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    const server = createHttp((asked, answer) => answer.end(`${asked.socket.remoteAddress} asked`));
    const serving = (async () => {
      for await (const { socket } of listener.connections()) server.emit("connection", socket.duplex());
    })();
    const { port } = await internetAddress(listener);
    const agent = new Agent({ keepAlive: true });
    for (let round = 0; round < 5; round++) expect(await fetchWith(agent, port)).toBe("127.0.0.1 asked");
    agent.destroy();
    await listener.close();
    await serving;
    server.closeAllConnections();
    server.close();
  });
});

/** The same connection by Node and by the daemon, each with its peer. */
async function both(): Promise<{ own: NetSocket; brokered: SocketDuplex; peers: NetSocket[]; end: () => void }> {
  const peers: NetSocket[] = [];
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    peers.push(peer.on("error", () => undefined));
  });
  const port = await listening(server);
  const own = connectTo({ host: "127.0.0.1", port, allowHalfOpen: true });
  await until("the first has come", () => peers.length === 1);
  const socket = await broker.createConnection({ host: "127.0.0.1", port });
  await until("the second has come", () => peers.length === 2);
  const brokered = socket.duplex();
  const end = (): void => {
    for (const socket of [own, brokered, ...peers]) socket.destroy();
    server.close();
  };
  return { own, brokered, peers, end };
}

describe("compared with net.Socket", () => {
  test("it has the same properties", async () => {
    const { own, brokered, peers, end } = await both();
    expect([brokered.connecting, brokered.pending, brokered.readyState]).toEqual([true, true, "opening"]);
    await once(brokered, "ready");
    const look = (socket: NetSocket | SocketDuplex): unknown => ({
      connecting: socket.connecting,
      pending: socket.pending,
      readyState: socket.readyState,
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
      remoteFamily: socket.remoteFamily,
      localAddress: socket.localAddress,
      localFamily: socket.localFamily,
      bytesRead: socket.bytesRead,
      bytesWritten: socket.bytesWritten,
      timeout: socket.timeout ?? 0,
      chained: [
        socket.setNoDelay(),
        socket.setKeepAlive(true, 60_000),
        socket.setTimeout(0),
        socket.ref(),
        socket.unref(),
      ].map((answer) => answer === socket),
    });
    expect(look(brokered)).toEqual(look(own));
    expect([brokered.localPort, brokered.address()]).toEqual([
      peers[1]?.remotePort,
      { address: "127.0.0.1", family: "IPv4", port: peers[1]?.remotePort },
    ]);
    for (const [socket, peer] of [
      [own, peers[0]],
      [brokered, peers[1]],
    ] as const) {
      socket.write("hello");
      await once(peer as NetSocket, "data");
      peer?.end("goodbye");
      socket.resume();
      await once(socket, "end");
    }
    expect(look(brokered)).toEqual(look(own));
    end();
    await until("both are closed", () => own.destroyed && brokered.destroyed);
    expect([brokered.readyState, brokered.bytesRead, brokered.bytesWritten]).toEqual([
      own.readyState,
      own.bytesRead,
      own.bytesWritten,
    ]);
  });

  test("its options reach the kernel", async () => {
    await using pair = await tcpPair(broker);
    const duplex = pair.client.duplex();
    const { IPPROTO_TCP, TCP_NODELAY, TCP_KEEPIDLE, SOL_SOCKET, SO_KEEPALIVE } = broker.constants;
    duplex.setNoDelay().setKeepAlive(true, 77_000);
    expect(await pair.client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    expect(await pair.client.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE)).toBe(77);
    expect(await pair.client.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    duplex.setNoDelay(false).setKeepAlive();
    expect(await pair.client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
    expect(await pair.client.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(0);
    duplex.destroy();
  });

  test("its timeout fires when no data moves, leaves the socket open, and can be cancelled", async () => {
    const { own, brokered, peers, end } = await both();
    for (const [socket, peer] of [
      [own, peers[0]],
      [brokered, peers[1]],
    ] as const) {
      let listened = 0;
      socket.setTimeout(20, () => {
        listened += 1;
      });
      await once(socket, "timeout");
      expect([listened, socket.timeout, socket.destroyed]).toEqual([1, 20, false]);
      socket.setTimeout(0);
      socket.write("x");
      expect(String((await once(peer as NetSocket, "data"))[0])).toBe("x");
    }
    end();
  });

  test("its destroySoon sends what was written, and a reset arrives as a reset", async () => {
    for (const kind of ["own", "brokered"] as const) {
      const { [kind]: socket, peers, end } = await both();
      const peer = peers[kind === "own" ? 0 : 1] as NetSocket;
      const heard = text(peer);
      socket.write("x".repeat(1_000_000));
      socket.destroySoon();
      expect((await heard).length).toBe(1_000_000);
      await until("it is closed", () => socket.destroyed);
      end();

      const other = await both();
      const failing = once(other.peers[kind === "own" ? 0 : 1] as NetSocket, "error").catch((error: unknown) => [
        error,
      ]);
      if (other[kind].connecting) await once(other[kind], "connect");
      other[kind].resetAndDestroy();
      expect((await failing)[0]).toMatchObject({ code: "ECONNRESET" });
      other.end();
    }
  });

  test("its connect() succeeds, for libraries that connect the socket they were given", async () => {
    await using pair = await tcpPair(broker);
    const duplex = pair.client.duplex();
    await new Promise<void>((resolve) => duplex.connect(1, "ignored", resolve));
    await new Promise<void>((resolve) => duplex.connect({ port: 1 }, resolve));
    expect(duplex.pending).toBe(false);
    duplex.destroy();
  });

  test("with allowHalfOpen: false it ends with the peer", async () => {
    await using pair = await tcpPair(broker);
    const duplex = pair.client.duplex({ allowHalfOpen: false }).resume();
    await pair.server.shutdown(1);
    await once(duplex, "close");
    expect((await pair.server.recv(1)).length).toBe(0);
  });
});
