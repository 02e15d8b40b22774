import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HONEST = 3;
/** How much longer than requested a worker may take. */
const TIMEOUT_MS = 120_000;

const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";
const pythonWorker = fileURLToPath(new URL("./python_worker.py", import.meta.url));
const pythonClient = fileURLToPath(new URL("../../clients/python", import.meta.url));

/**
 * Runs well-behaved clients beside the chaos, once, and waits for all. Returns their counts and errors.
 *
 * @param {string} endpoint
 * @param {number} seconds
 * @param {{ seed(): number }} dice
 */
export async function runWorkers(endpoint, seconds, dice) {
  const node = (/** @type {string} */ name, /** @type {string[]} */ ...flags) =>
    runWorker(name, process.execPath, [
      ...flags,
      fileURLToPath(new URL(`./${name}`, import.meta.url)),
      endpoint,
      String(seconds),
      String(dice.seed()),
    ]);
  const workers = [
    node("chaos.mjs", "--expose-gc"),
    ...Array.from({ length: HONEST }, () => node("honest.mjs")),
    ...(runsPython()
      ? [runWorker("python_worker.py", python, [pythonWorker, endpoint, String(seconds), String(dice.seed())])]
      : []),
  ];
  const reports = await Promise.all(workers);
  /** @type {Record<string, number>} */
  const counts = {};
  for (const report of reports) {
    for (const [name, count] of Object.entries(report.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  return { counts, faults: reports.flatMap(({ faults }) => faults) };
}

function runsPython() {
  return existsSync(pythonWorker) && spawnSync(python, ["-c", "import grpc, google.protobuf"]).status === 0;
}

/** A worker's last line is JSON: numbers are counts, anything else an error. Its exit status takes precedence. */
async function runWorker(name, program, args) {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PYTHONPATH: pythonClient },
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), Number(args.at(-2)) * 1000 + TIMEOUT_MS);
  const [code, signal] = await once(child, "close");
  clearTimeout(timer);
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const report = parse(last);
  const counts = Object.fromEntries(Object.entries(report ?? {}).filter(([, value]) => typeof value === "number"));
  const wrong = report === null || code !== 0 || report.failure || report.mismatches?.length > 0;
  const why = signal === "SIGKILL" ? "it did not end" : `status ${code ?? signal}`;
  return { counts, faults: wrong ? [`${name} ${args.slice(-1)}: ${why}: ${last}`] : [] };
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
