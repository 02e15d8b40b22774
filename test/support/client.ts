/* Connected pairs of brokered sockets, for tests of the typed client. */

import { expect } from "vitest";
import type { Broker, Socket } from "../../src/client/index.js";

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

/** Answers where an internet socket is bound. */
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

/** Expects a rejection, and answers its error. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}
