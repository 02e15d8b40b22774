import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectHttp2, performServerHandshake } from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type KeepaliveOptions, keepAlive } from "./keepalive.js";

const NEVER = 2 ** 30;
/** HTTP/2's connection preface, and an empty SETTINGS frame. */
const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

let directory: string;
let path: string;
let server: Server;
let options: KeepaliveOptions;
let onPong: () => void;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sockbroker-keepalive-"));
  path = join(directory, "socket");
  onPong = () => undefined;
  server = createServer((socket) => {
    const session = performServerHandshake(socket);
    session.on("error", () => undefined);
    const ping = session.ping.bind(session);
    session.ping = ((callback: () => void) =>
      ping(() => {
        onPong();
        callback();
      })) as typeof session.ping;
    keepAlive(session, options);
  }).listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
});
afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) =>
    socket
      .on("error", () => undefined)
      .resume()
      .once("close", resolve),
  );
}

it("a connection that does not begin to speak HTTP/2 is closed", async () => {
  options = { firstSettingsMs: 20, pingMs: NEVER, pongMs: NEVER };
  await closed(connect(path));
});

it("a connection that does not answer is closed", async () => {
  options = { firstSettingsMs: NEVER, pingMs: 20, pongMs: 20 };
  const socket = connect(path);
  socket.write(PREFACE);
  await closed(socket);
});

it("a connection that answers is asked again, and stays", async () => {
  options = { firstSettingsMs: NEVER, pingMs: 20, pongMs: 10_000 };
  const client = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  await new Promise<void>((resolve) => {
    let pongs = 0;
    onPong = () => {
      pongs += 1;
      if (pongs === 3) resolve();
    };
  });
  expect(client.destroyed).toBe(false);
  client.destroy();
});
