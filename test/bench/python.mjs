// The Python client next to the cost of a call or a message in grpcio itself: python-worker.py in its own process.

import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The interpreter that the tests use. */
const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";

export const pythonCases = [
  group("python operations", "per second", [
    ["bare grpcio, unary, 8 threads", "unary-bare-threads"],
    ["socket, 8 threads", "one-by-one-threads", "bare grpcio, unary, 8 threads"],
    ["pipelines, 8 threads", "pipelined-threads", "bare grpcio, unary, 8 threads"],
    ["bare grpcio, unary", "unary-bare", "bare grpcio, unary"],
    ["socket", "one-by-one", "bare grpcio, unary"],
    ["pipeline", "pipelined", "bare grpcio, unary"],
  ]),
  group("python ping-pong", "round trips per second of one byte", [
    ["the interpreter's socket", "ping-pong-direct"],
    ["bare grpcio, two unary calls", "ping-pong-bare"],
    ["socket", "ping-pong", "bare grpcio, two unary calls"],
  ]),
  group("python bulk", "megabytes per second, in messages of 256 KiB", [
    ["download, bare grpcio stream", "download-bare"],
    ["download, socket", "download", "download, bare grpcio stream"],
    ["upload, bare grpcio stream", "upload-bare", "upload, bare grpcio stream"],
    ["upload, socket", "upload", "upload, bare grpcio stream"],
  ]),
];

function group(title, unit, rows) {
  return {
    title,
    unit,
    cannotRun,
    open: async (processes) => {
      const worker = await startWorker(processes);
      return rows.map(([name, id, than], i) => ({
        name,
        than,
        base: i === 0,
        run: (milliseconds) => worker.measure(id, milliseconds),
        close: i === rows.length - 1 ? worker.stop : undefined,
      }));
    },
  };
}

/** Why python-worker.py cannot run here; null if it can. */
function cannotRun() {
  const { status, error, stderr } = spawnSync(python, ["-c", "import grpc, google.protobuf"], { encoding: "utf8" });
  if (status === 0) return null;
  const said = error?.message ?? stderr.trim().split("\n").at(-1);
  return `${python} needs grpcio and protobuf (SOCKBROKER_TEST_PYTHON names another interpreter): ${said}`;
}

async function startWorker({ daemonPath, echoPath, ports }) {
  const script = fileURLToPath(new URL("./python-worker.py", import.meta.url));
  const child = spawn(python, [script, daemonPath, echoPath, JSON.stringify(ports)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ended`);
    return value;
  };
  await answer();
  return {
    measure: async (id, milliseconds) => {
      child.stdin.write(`${id} ${milliseconds / 1_000}\n`);
      return Number(await answer());
    },
    stop: () => child.stdin.end(),
  };
}
