/*
 * Services on unix sockets with a path may trust the daemon's user.
 *
 * Policy: the built-in one, with nobody admitted; with `,unix` in the second part. Needs: root, because the caller is
 * another user.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AddressInput, type Broker, connect, PolicyDenial, type Socket } from "../../src/client/index.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { handleOf, RawClient } from "../support/raw-broker.js";

const STREAM = [1, 1] as const;
const DATAGRAM = [1, 2] as const;
const MSG_FASTOPEN = 0x2000_0000;
const AF_BLUETOOTH = 31;
const REMEDY = `unix sockets with a path need \`--admit uid:${NOBODY},unix\``;

const directory = mkdtempSync(join(tmpdir(), "sockbroker-paths-"));
const path = join(directory, "service");
let daemon: Daemon;
let operator: Broker;
let service: Socket;

beforeAll(async () => {
  daemon = await startDaemon({ args: ["--admit", `uid:${NOBODY}`] });
  await chmod(daemon.directory, 0o755);
  operator = await connect(daemon.endpoint);
  service = await operator.socket(...DATAGRAM);
  await service.bind(path);
});

afterAll(async () => {
  await operator?.close();
  await daemon?.kill();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach((ctx) => {
  const reason = cannotBeNobody();
  if (reason !== null) ctx.skip(reason);
});

/** Does something as nobody; connections that are made meanwhile belong to nobody. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

const brokerOf = ({ endpoint }: Daemon): Promise<Broker> => asNobody(() => connect(endpoint));

async function denial(attempt: Promise<unknown>): Promise<PolicyDenial> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PolicyDenial);
  return error as PolicyDenial;
}

type Attempt = readonly [name: string, verb: string, act: (broker: Broker, address: AddressInput) => Promise<unknown>];

const attempts: readonly Attempt[] = [
  ["bind", "bind", async (broker, to) => (await broker.socket(...STREAM)).bind(to)],
  ["bind of a datagram socket", "bind", async (broker, to) => (await broker.socket(...DATAGRAM)).bind(to)],
  ["connect", "connect", async (broker, to) => (await broker.socket(...STREAM)).connect(to)],
  ["connect of a datagram socket", "connect", async (broker, to) => (await broker.socket(...DATAGRAM)).connect(to)],
  ["connect_ex", "connect", async (broker, to) => (await broker.socket(...STREAM)).connectEx(to)],
  ["sendto", "send", async (broker, to) => (await broker.socket(...DATAGRAM)).sendto(Buffer.from("x"), to)],
  [
    "sendto of a connected end",
    "send",
    async (broker, to) => (await broker.socketpair(...DATAGRAM))[0].sendto(Buffer.from("x"), to),
  ],
  [
    "sendto with MSG_FASTOPEN",
    "send",
    async (broker, to) => (await broker.socket(...STREAM)).sendto(Buffer.from("x"), to, { flags: MSG_FASTOPEN }),
  ],
  [
    "sendmsg",
    "send",
    async (broker, to) => (await broker.socket(...DATAGRAM)).sendmsg([Buffer.from("x")], { address: to }),
  ],
  [
    "send_fds",
    "send",
    async (broker, to) => {
      const socket = await broker.socket(...DATAGRAM);
      return await broker.sendFds(socket, [Buffer.from("x")], [socket], { address: to });
    },
  ],
  [
    "a message of an attach stream",
    "send",
    async (broker, to) => {
      const attachment = await (await broker.socket(...DATAGRAM)).attach();
      await attachment.sendMessages([{ data: Buffer.from("x"), address: to }]);
      for await (const frame of attachment) if (frame.type === "error") throw frame.error;
      return null;
    },
  ],
];

describe("an admitted user", () => {
  let broker: Broker;
  beforeAll(async () => {
    if (cannotBeNobody() === null) broker = await brokerOf(daemon);
  });
  afterAll(() => broker?.close());

  it.each(attempts)("is denied %s, with the remedy in the message", async (_name, permission, act) => {
    const names: [AddressInput, string][] = [
      [path, `unix:${path}`],
      [`/proc/self/root${path}`, `unix:/proc/self/root${path}`],
      // The client makes it absolute.
      ["@relative", `unix:${resolve("@relative")}`],
      [Buffer.from([0x2f, 0xff]), "unix:/\ufffd"],
    ];
    for (const [address, endpoint] of names) {
      expect(await denial(act(broker, address))).toMatchObject({
        rule: `admit-uid:${NOBODY}-unix-path`,
        principal: `uid:${NOBODY}`,
        permission,
        endpoint,
        message: expect.stringContaining(REMEDY),
      });
    }
  });

  it("gets the same decision from explainPolicy and getEffectivePolicy", async () => {
    for (const permission of ["bind", "connect", "send"]) {
      expect(await broker.explainPolicy(permission, { address: { family: "unix", path } })).toEqual({
        allowed: false,
        rule: `admit-uid:${NOBODY}-unix-path`,
        principal: `uid:${NOBODY}`,
        reason: `rule admit-uid:${NOBODY}-unix-path denies ${permission} to uid:${NOBODY}: ${REMEDY}`,
      });
      const abstract = await broker.explainPolicy(permission, { address: { family: "unix", path: "\0x" } });
      expect(abstract).toMatchObject({ allowed: true, rule: `admit-uid:${NOBODY}-abstract` });
    }
    const { rules } = await broker.getEffectivePolicy();
    expect(rules.find(({ name }) => name === `admit-uid:${NOBODY}-unix-path`)).toMatchObject({
      allow: false,
      endpoints: ["unix:*"],
    });
  });

  it("may use abstract names, unnamed sockets and socketpairs", async () => {
    const name = `\0sockbroker-test-${process.pid}`;
    const listener = await broker.socket(...STREAM);
    await listener.bind(name);
    await listener.listen();
    const near = await broker.socket(...STREAM);
    await near.connect(name);
    const { socket: far } = await listener.accept();
    await near.send(Buffer.from("abstract"));
    expect(String(await far.recv(100))).toBe("abstract");

    const receiver = await broker.socket(...DATAGRAM);
    const automatic = await receiver.bind("");
    expect(automatic).toMatchObject({ family: "abstract" });
    const sender = await broker.socket(...DATAGRAM);
    await sender.sendto(Buffer.from("automatic"), automatic as AddressInput);
    expect(String(await receiver.recv(100))).toBe("automatic");

    const [left, right] = await broker.socketpair();
    await left.send(Buffer.from("pair"));
    expect(String(await right.recv(100))).toBe("pair");
  });

  it("gains nothing by naming another family, or an abstract name for the path", async () => {
    using client = await asNobody(async () => {
      const made = new RawClient(daemon.endpoint.replace("unix://", ""));
      await made.unary(SocketService.method.socket, {});
      return made;
    });
    const { method } = SocketService;
    const original = handleOf((await client.unary(method.socket, { family: 1, type: 2 })).socket);
    const disguised = await client.unary(method.fromfd, {
      handle: original,
      family: AF_BLUETOOTH,
      type: 2,
      protocol: 0,
    });
    const handle = handleOf(disguised.socket);
    const relative = {
      address: { case: "unixDomain", value: { name: { case: "path", value: Buffer.from("@relative") } } },
    } as const;
    await expect(client.unary(method.connectTo, { handle: original, address: relative })).rejects.toMatchObject({
      detail: { endpoint: "unix:./@relative" },
    });
    const address = { address: { case: "raw", value: { family: 1, data: Buffer.from(`${path}\0`) } } } as const;
    for (const attempt of [
      client.unary(method.connectTo, { handle, address }),
      client.unary(method.sendto, { handle, address, data: Buffer.from("x") }),
      client.unary(method.bind, { handle, address }),
    ]) {
      await expect(attempt).rejects.toMatchObject({
        detail: { $typeName: "sockbroker.v1.PolicyDenial", endpoint: `unix:${path}` },
      });
    }
  });
});

describe("a user who may use paths", () => {
  it("is one admitted as uid:N,unix", async () => {
    await using other = await startDaemon({ args: ["--admit", `uid:${NOBODY},unix`] });
    await chmod(other.directory, 0o755);
    const broker = await brokerOf(other);
    await sendTo(broker, "admitted");
    expect((await broker.getEffectivePolicy()).rules.map(({ name }) => name)).toEqual([
      `admit-uid:${NOBODY}-admin`,
      `admit-uid:${NOBODY}-credentials`,
      `admit-uid:${NOBODY}`,
    ]);
    await broker.close();
  });

  it("is an operator", async () => {
    await sendTo(operator, "operator");
  });

  async function sendTo(broker: Broker, text: string): Promise<void> {
    await using socket = await broker.socket(...DATAGRAM);
    await socket.sendto(Buffer.from(text), path);
    expect(String(await service.recv(100))).toBe(text);
  }
});
