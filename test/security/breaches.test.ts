import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { FRAME, http2Frame, PREFACE } from "../support/http2-frames.js";
import { RawDaemon } from "../support/raw-broker.js";

const MOST_BREACHES = 3;

/** Sends a connection's first bytes, and what may follow. Returns what the daemon sent until it closed the connection. */
async function sendAndRead(path: string, ...frames: readonly Buffer[]): Promise<string> {
  const socket = connect(path);
  const received: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => received.push(bytes));
  // It may be closed while this sends.
  socket.on("error", () => undefined);
  socket.write(Buffer.concat([PREFACE, http2Frame(FRAME.SETTINGS, 0, 0), ...frames]));
  await once(socket, "close");
  return Buffer.concat(received).toString("latin1");
}

it("a principal that breaks HTTP/2 again and again is refused new connections, and keeps those that it has", async () => {
  await using daemon = await RawDaemon.start("--max-breaches", `${MOST_BREACHES}`);
  using kept = daemon.client();
  await kept.unary(HostService.method.gethostname, {});
  // More settings than a connection may send.
  const breach = Buffer.concat(Array<Buffer>(1_100).fill(http2Frame(FRAME.SETTINGS, 0, 0)));
  const reason = "too many breaches of HTTP/2";
  const answers: string[] = [];
  // One is forgiven each second, so a slow machine takes more.
  while (!answers.at(-1)?.includes(reason) && answers.length < 30) answers.push(await sendAndRead(daemon.path, breach));
  expect(answers.length).toBeGreaterThan(MOST_BREACHES);
  expect(answers.at(-1)).toContain(reason);
  expect((await kept.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
});
