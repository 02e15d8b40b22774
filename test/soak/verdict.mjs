import { setTimeout as delay } from "node:timers/promises";

/** How long the daemon may take to release what its callers left: the leases that the chaos requests last a second. */
const TIMEOUT_MS = 60_000;
/** How much more memory than after the warm-up counts as noise of the garbage collector and the C library. */
const SLACK_BYTES = 24 * 2 ** 20;
const SLACK_RATIO = 1.25;

/** Events that must have occurred, or the soak has tested nothing. */
const deeds = ["transfers", "bytes", "kills", "cuts", "resets", "cancels", "exhaustions", "collections"];

/**
 * Waits until the daemon has only the connection that asks, and returns its resources. `left` lists what it still has
 * after the timeout, or null.
 *
 * @param {() => Promise<import("../../src/client/index.js").Broker>} connect
 */
export async function sample(connect) {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const broker = await connect();
    const [now, sessions, handles] = await look(broker);
    await broker.close();
    const left = leftOf(now, sessions, handles);
    if (left === null || performance.now() > deadline) return { now, left };
    await delay(200);
  }
}

async function look(broker) {
  const handles = [];
  for await (const handle of broker.admin.listHandles()) handles.push(handle);
  const sessions = await broker.admin.listSessions();
  return [await broker.admin.getStatistics(), sessions, handles];
}

function leftOf(statistics, sessions, handles) {
  const one = { connections: 1, sessions: 1, handles: 0, waitingOperations: 0, streams: 0, timers: 0 };
  const more = Object.entries(one)
    .filter(([name, most]) => statistics[name] > most)
    .map(([name]) => `${name} ${statistics[name]}`);
  if (handles.length > 0) more.push(`a list of ${handles.length} handles`);
  if (sessions.length > 1) more.push(`a list of ${sessions.length} sessions`);
  return more.length === 0 ? null : more.join(", ");
}

/**
 * Compares the daemon's resources in the pauses, the first of which is that after the warm-up.
 *
 * @param {readonly { openDescriptors: number, residentBytes: number }[]} samples
 * @param {Readonly<Record<string, number>>} totals
 */
export function faultsOf(samples, totals) {
  const faults = deeds.filter((name) => !(totals[name] > 0)).map((name) => `there were no ${name}`);
  const [warm, ...later] = samples;
  const last = later.slice(-2);
  if (warm === undefined || last.length < 2) return [...faults, "too few rounds to compare"];
  const descriptors = Math.min(...last.map(({ openDescriptors }) => openDescriptors));
  if (descriptors > warm.openDescriptors) faults.push(`descriptors: ${warm.openDescriptors} became ${descriptors}`);
  const bytes = Math.min(...last.map(({ residentBytes }) => residentBytes));
  if (bytes > Math.max(warm.residentBytes * SLACK_RATIO, warm.residentBytes + SLACK_BYTES)) {
    faults.push(`memory: ${mebibytes(warm.residentBytes)} became ${mebibytes(bytes)}`);
  }
  return faults;
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
