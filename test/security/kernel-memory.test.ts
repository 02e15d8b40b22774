/*
 * Kernel memory that a caller could allocate without a limit.
 *
 * Policy: the built-in one, with nobody admitted. Needs: root, because the caller is another user.
 */

import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Broker, connect } from "../../src/client/index.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_PACKET = 263;
const TPACKET_REQ = Buffer.from(new Uint32Array([1 << 16, 16, 2048, 512]).buffer);

let daemon: Daemon;
let operator: Broker;
let nobody: Broker;

beforeAll(async () => {
  if (cannotBeNobody() !== null) return;
  daemon = await startDaemon({ args: ["--admit", `uid:${NOBODY}`] });
  await chmod(daemon.directory, 0o755);
  operator = await connect(daemon.endpoint);
  process.seteuid?.(NOBODY);
  try {
    nobody = await connect(daemon.endpoint);
  } finally {
    process.seteuid?.(0);
  }
}, 60_000);

afterAll(async () => {
  await operator?.close();
  await nobody?.close();
  await daemon?.kill();
});

beforeEach((ctx) => {
  const reason = cannotBeNobody();
  if (reason !== null) ctx.skip(reason);
});

it.each([
  ["SO_SNDBUFFORCE", 32],
  ["SO_RCVBUFFORCE", 33],
  ["SO_RESERVE_MEM", 73],
])("%s requires `admin`, and is EPERM for an admitted user, in every form", async (_, option) => {
  const socket = await nobody.socket(2, 2);
  const refused = expect.objectContaining({ code: "EPERM", syscall: "setsockopt" });
  await expect(socket.setsockopt(SOL_SOCKET, option, 1 << 30)).rejects.toEqual(refused);
  await expect(socket.setsockopt(SOL_SOCKET, option, Buffer.alloc(64, 1))).rejects.toEqual(refused);
  await using attachment = await socket.attach();
  await attachment.setsockopt(SOL_SOCKET, option, 1 << 30);
  expect(await attachment.read()).toMatchObject({ type: "error", activity: "control", error: { code: "EPERM" } });
});

it("an operator's buffers may exceed the host's limit, and those of others may not", async () => {
  const own = await operator.socket(2, 2);
  const other = await nobody.socket(2, 2);
  await own.setsockopt(SOL_SOCKET, 33, 1 << 24);
  await other.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 24);
  expect(await own.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBe(1 << 25);
  expect(await other.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBeLessThan(1 << 25);
});

it.each([
  ["PACKET_RX_RING", 5],
  ["PACKET_TX_RING", 13],
])("%s is refused for everyone, since nobody could map its memory", async (_, option) => {
  for (const broker of [nobody, operator]) {
    const socket = await broker.socket(17, 3, 0);
    await expect(socket.setsockopt(SOL_PACKET, option, TPACKET_REQ)).rejects.toMatchObject({ code: "EOPNOTSUPP" });
  }
});
