import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { Outside } from "../support/outside.js";
import { frame, handleOf, RawDaemon } from "../support/raw-broker.js";

/* Received descriptors that exceed the principal's quota, or that are not sockets; with the built-in policy. */

const MSG_CTRUNC = 0x08;

it("descriptors beyond the quota are closed, MSG_CTRUNC is set, and the data arrives", async () => {
  await using daemon = await RawDaemon.start("--max-handles", "4");
  using client = daemon.client();
  using session = client.session();
  const pair = await session.op("socketpair", {});
  const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
  const third = handleOf((await session.op("socket", {})).socket);
  for (const receive of ["recvFds", "recvmsg"] as const) {
    await session.op("sendFds", { handle: here, buffers: [Buffer.from("data")], handles: [third, third, third] });
    const request =
      receive === "recvFds"
        ? { handle: there, maxBytes: 10n, maxHandles: 3 }
        : { handle: there, maxBytes: 10n, maxAncillaryBytes: 64n };
    const received = await session.op(receive, request as never);
    expect(Buffer.from(received.data).toString()).toBe("data");
    expect(received.flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
    const handles = "handles" in received ? received.handles : rightsOf(received.ancillaryData);
    expect(handles).toHaveLength(1);
    for (const handle of handles) await session.op("close", { handle });
  }
});

it.each([
  ["a character device", "os.open('/dev/null', os.O_RDONLY)"],
  ["a file", "os.open(sys.executable, os.O_RDONLY)"],
  ["a pipe", "os.pipe()[0]"],
  ["an eventfd", "os.eventfd(0)"],
])("an attach stream on %s ends with ENOTSOCK, and the daemon continues", async (_kind, expression) => {
  await using daemon = await RawDaemon.start();
  using client = daemon.client();
  using session = client.session();
  const path = join(daemon.directory, "outside");
  const listener = handleOf((await session.op("socket", { family: 1 })).socket);
  const name = { case: "path", value: Buffer.from(path) } as const;
  const address = { address: { case: "unixDomain", value: { name } } } as const;
  await session.op("bind", { handle: listener, address });
  await session.op("listen", { handle: listener });
  const script = [
    "import os, socket, sys",
    "s = socket.socket(socket.AF_UNIX)",
    "s.connect(sys.argv[1])",
    `socket.send_fds(s, [b'x'], [${expression}])`,
    "s.recv(1)",
  ].join("\n");
  const outside = promisify(execFile)("python3", ["-c", script, path]);
  const near = handleOf((await session.op("accept", { handle: listener })).socket);
  const { handles } = await session.op("recvFds", { handle: near, maxBytes: 1n, maxHandles: 1 });
  using stream = await client.attach({ handle: handles[0] ?? 0n });
  const { final, status } = await frame(stream, "error");
  expect({ final, message: status?.message }).toEqual({ final: true, message: expect.stringMatching(/non-socket/) });
  await session.op("close", { handle: near });
  await outside;
  using other = daemon.client();
  expect((await other.session().op("socketpair", {})).first).toBeDefined();
});

it("sends a file completely, and in order with later data, through a socket that is full most of the time", async () => {
  await using daemon = await RawDaemon.start();
  using client = daemon.client();
  using session = client.session();
  const size = 8 * 1024 * 1024;
  await using outside = new Outside([
    "import tempfile",
    "file = tempfile.TemporaryFile()",
    `file.write(b''.join(struct.pack('<I', n) for n in range(${size / 4})))`,
    "file.flush()",
    "give(file)",
  ]);
  const way = await outside.way(session);
  const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 });
  const [fileHandle = 0n] = handles;
  const pair = await session.op("socketpair", {});
  const [near, far] = [handleOf(pair.first), handleOf(pair.second)];
  const offset = 4096;
  const whole = session.op("sendfile", { handle: near, fileHandle, offsetBytes: BigInt(offset) });
  const part = session.op("sendfile", { handle: near, fileHandle, offsetBytes: 8n, countBytes: 8n });
  const behind = session.op("sendall", { handle: near, data: Buffer.from("behind") });
  const pieces: Buffer[] = [];
  const expected = size - offset + 8 + "behind".length;
  for (let got = 0; got < expected; ) {
    const { data } = await session.op("recv", { handle: far, maxBytes: 1_000_000n });
    expect(data.length).toBeGreaterThan(0);
    pieces.push(Buffer.from(data));
    got += data.length;
  }
  expect((await whole).sentBytes).toBe(BigInt(size - offset));
  expect((await part).sentBytes).toBe(8n);
  await behind;
  const words = Buffer.alloc(size);
  for (let n = 0; n < size / 4; n++) words.writeUInt32LE(n, n * 4);
  const sent = Buffer.concat([words.subarray(offset), words.subarray(8, 16), Buffer.from("behind")]);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

interface Control {
  readonly view: { readonly case?: string | undefined; readonly value?: unknown };
}

function rightsOf(control: readonly Control[]): bigint[] {
  return control.flatMap(({ view }) => (view.case === "rights" ? (view.value as { handles: bigint[] }).handles : []));
}
