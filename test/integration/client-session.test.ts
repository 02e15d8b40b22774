/* Sessions that outlive a connection, and processes that end. Needs `npm run build`. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/client/index.js";
import { internetAddress, rejection } from "../support/client.js";
import { type Daemon, startDaemon } from "../support/daemon.js";

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon();
});

afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

test("a leased session is resumed from a new connection, with its handles and their unread data", async () => {
  const first = await connect({ endpoint: daemon.endpoint, session: { lease: 60, name: "resumed" } });
  const token = first.sessionToken ?? "";
  expect(token).toMatch(/^[0-9a-f]{32}$/);
  expect(await first.getSession()).toMatchObject({ implicit: false, lease: 60, name: "resumed", remainingLease: null });
  const [a, b] = await first.socketpair();
  await b.sendall(Buffer.from("kept"));
  await first.setdefaulttimeout(3);
  await first.close();

  await using second = await connect({ endpoint: daemon.endpoint, session: { token } });
  expect(second.sessionToken).toBe(token);
  expect((await second.getSession()).handleCount).toBe(2);
  const again = await second.socket(-1, -1, -1, { fileno: a.handle });
  // A new object for an old handle gets the default timeout, as in Python; the session's default was kept.
  expect(again.timeout).toBe(3);
  expect((await again.recv(10)).toString()).toBe("kept");
  expect((await second.socketpair())[0].timeout).toBe(3);
  expect(await second.renewSession()).toBeNull();
  await second.closeSession();
  await expect(connect({ endpoint: daemon.endpoint, session: { token } })).rejects.toMatchObject({
    code: "SESSION_NOT_FOUND",
  });
});

test("an attachment uses the leased session too", async () => {
  await using broker = await connect({ endpoint: daemon.endpoint, session: { lease: 60 } });
  const [a, b] = await broker.socketpair();
  await using attachment = await a.attach();
  await b.sendall(Buffer.from("x"));
  expect(await attachment.read()).toMatchObject({ type: "data" });
  await broker.closeSession();
});

test("the session of a connection ends with it", async () => {
  const first = await connect(daemon.endpoint);
  const listener = await first.createServer({ host: "127.0.0.1", port: 0 });
  const address = await internetAddress(listener);
  await first.close();
  await using second = await connect(daemon.endpoint);
  await expect(second.socket(-1, -1, -1, { fileno: listener.handle })).rejects.toMatchObject({
    code: "HANDLE_NOT_FOUND",
  });
  await using probe = await second.socket();
  expect(await probe.connectEx(address)).toBe(111);
});

test("two brokers of one process have separate sessions", async () => {
  await using first = await connect(daemon.endpoint);
  await using second = await connect(daemon.endpoint);
  expect((await first.getSession()).id).not.toBe((await second.getSession()).id);
  const socket = await first.socket();
  expect(await rejection(second.close(socket))).toMatchObject({ code: "HANDLE_NOT_FOUND" });
});

test("a process exits by itself after its broker was closed", async () => {
  const client = new URL("../../dist/client/index.js", import.meta.url).href;
  const script = `
    import { connect } from ${JSON.stringify(client)};
    const broker = await connect(${JSON.stringify(daemon.endpoint)});
    const [a, b] = await broker.socketpair();
    const waiting = a.recv(1).catch((error) => error.code);
    const duplex = b.duplex().on("error", () => undefined);
    await broker.close();
    console.log(await waiting);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  expect(Buffer.concat(output).toString()).toBe("BROKER_CLOSED\n");
  expect(code).toBe(0);
});

test("a process whose daemon is gone exits by itself", async () => {
  const mortal = await startDaemon();
  const client = new URL("../../dist/client/index.js", import.meta.url).href;
  const script = `
    import { connect } from ${JSON.stringify(client)};
    const broker = await connect(${JSON.stringify(mortal.endpoint)});
    const [a] = await broker.socketpair();
    console.log("waiting");
    console.log(await a.recv(1).catch((error) => error.code));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const closed = once(child, "close");
  await once(child.stdout, "data");
  await mortal.kill();
  await closed;
  expect(output).toBe("waiting\nCONNECTION_LOST\n");
});

test("`await using` closes the broker", async () => {
  await using watcher = await connect(daemon.endpoint);
  let id: string;
  {
    await using broker = await connect(daemon.endpoint);
    id = (await broker.getSession()).id;
    expect((await watcher.admin.listSessions()).map((session) => session.id)).toContain(id);
  }
  while ((await watcher.admin.listSessions()).some((session) => session.id === id));
});
