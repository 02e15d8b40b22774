/* Set-up for tests of the typed client: a daemon and a broker, connected pairs of brokered sockets, peers outside. */

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { afterAll, beforeAll, expect } from "vitest";
import { type Broker, connect, type Socket } from "../../src/client/index.js";
import { type Daemon, startDaemon } from "./daemon.js";

/** Starts a daemon before the tests of a file, connects to it, and passes both to `use`. They end after the tests. */
export function beforeTests(use: (started: { readonly daemon: Daemon; readonly broker: Broker }) => void): void {
  let daemon: Daemon;
  let broker: Broker;
  beforeAll(async () => {
    daemon = await startDaemon();
    broker = await connect(daemon.endpoint);
    use({ daemon, broker });
  });
  afterAll(async () => {
    await broker.close();
    await daemon[Symbol.asyncDispose]();
  });
}

/** Makes a Node server listen on loopback, and returns its port. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A listener, and both ends of a connection to it. */
export interface TcpPair extends AsyncDisposable {
  readonly listener: Socket;
  readonly client: Socket;
  readonly server: Socket;
}

/** Connects over loopback. */
export async function tcpPair(broker: Broker): Promise<TcpPair> {
  const listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
  const client = await broker.createConnection(await internetAddress(listener));
  const { socket: server } = await listener.accept();
  return {
    listener,
    client,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([listener.close(), client.close(), server.close()]);
    },
  };
}

/** Returns the address that an internet socket is bound to. */
export async function internetAddress(socket: Socket): Promise<{ host: string; port: number }> {
  const address = await socket.getsockname();
  if (address?.family !== "inet" && address?.family !== "inet6") throw new Error("not an internet socket");
  return { host: address.host, port: address.port };
}

/** Receives until the end of data. */
export async function receiveAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Expects a rejection, and returns its error. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}
