import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Broker, Socket } from "../../src/client/index.js";
import { type Conversions, callMethod, callModule, descriptorsIn, neutralError, readAttribute } from "./adapter.js";
import type { Case, Json, Outcome, Step } from "./case-file.js";
import { type DaemonView, isViewed } from "./daemon-view.js";
import { Recorder } from "./record.js";
import { CaseFile, type Environment, evaluate, itemsOf, Unset } from "./values.js";

/** Where the cases run. */
export interface Stage {
  readonly broker: Broker;
  /** The implementation that performs conversions. */
  readonly conversions: Conversions;
  /** The daemon's view of the session's sockets; null if no step needs it. */
  readonly view: DaemonView | null;
  /** The number of operations that wait in the daemon, to detect that a started call waits. */
  waitingOperations(): Promise<number>;
  /** The daemon's process: the one that has the sockets. */
  readonly daemonPid: number;
}

const CASE_MILLISECONDS = 10_000;
/** As many characters as Python's tempfile generates, because some cases have paths of an exact length. */
const DIRECTORY_PREFIX = "sbc-xx";

/** Runs a case through the client, in its own directory, and returns the outcome of each step. */
export async function runCase({ steps }: Case, stage: Stage): Promise<Outcome[]> {
  const directory = await mkdtemp(join(await realpath("/tmp"), DIRECTORY_PREFIX));
  const before = process.cwd();
  process.chdir(directory);
  const outcomes: Outcome[] = [];
  const interpreter = new Interpreter(stage, directory);
  const run = (async () => {
    for (const step of steps) outcomes.push(await interpreter.perform(step));
  })();
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      outcomes.push({ hung: true });
      resolve();
    }, CASE_MILLISECONDS);
  });
  try {
    await Promise.race([run, hung]);
    return [...outcomes];
  } finally {
    clearTimeout(timer);
    // Ends calls that hang, and calls that the case has started and not awaited.
    if (stage.broker.sessionToken !== null) await stage.broker.closeSession();
    await stage.broker.close();
    await run.catch(() => {});
    process.chdir(before);
    await rm(directory, { recursive: true });
  }
}

/** A started call: it never rejects. */
interface Operation {
  readonly step: Step;
  readonly settled: Promise<{ readonly value: unknown } | { readonly error: unknown }>;
  done: boolean;
}

class Interpreter {
  readonly #stage: Stage;
  readonly #recorder: Recorder;
  readonly #variables = new Map<string, unknown>();
  readonly #operations = new Map<string, Operation>();
  readonly #environment: Environment;

  constructor(stage: Stage, directory: string) {
    this.#stage = stage;
    this.#recorder = new Recorder(directory);
    this.#environment = {
      directory,
      pid: stage.daemonPid,
      variables: this.#variables,
      constant: (name) => {
        const value = stage.broker.constants[name];
        if (typeof value !== "number") throw new Error(`no constant ${name}`);
        return value;
      },
      descriptor: (socket) => (socket as Socket).fileno(),
    };
  }

  async perform(step: Step): Promise<Outcome> {
    try {
      return await this.#perform(step);
    } catch (error) {
      if (error instanceof Unset) return { unset: error.message };
      throw error;
    }
  }

  async #perform(step: Step): Promise<Outcome> {
    if (step.file !== undefined) {
      const path = String(this.#evaluate(step.file.path));
      await writeFile(path, (this.#evaluate(step.file.content ?? { bytes: "" }) ?? "") as Uint8Array);
      this.#keep(step, new CaseFile(path));
      return { done: true };
    }
    if (step.let !== undefined) {
      this.#keep(step, this.#evaluate(step.let));
      return { done: true };
    }
    if (step.adopt !== undefined) return this.#adopt(step, step.adopt);
    if (step.await !== undefined) {
      const operation = this.#operations.get(step.await);
      if (operation === undefined) throw new Error(`nothing was started as ${step.await}`);
      const { call: name, on } = operation.step;
      return this.#outcome({ ...(name && { call: name }), ...(on && { on }), ...step }, () => replay(operation));
    }
    const buffers: Uint8Array[] = [];
    const invoke = this.#bind(step, buffers);
    if (step.start !== undefined) return this.#start(step.start, step, invoke);
    const outcome = await this.#outcome(step, invoke);
    if (buffers.length === 0) return outcome;
    return { ...outcome, buffers: buffers.map((buffer) => this.#recorder.buffer(buffer)) };
  }

  /** Evaluates a step's arguments once, and returns a function that makes the call. */
  #bind(step: Step, buffers: Uint8Array[]): () => Promise<unknown> {
    const on = step.on === undefined ? null : (this.#evaluate({ ref: step.on }) as Socket);
    if (step.get !== undefined) {
      const name = step.get;
      return async () => readAttribute(on as Socket, name);
    }
    const name = step.call ?? "";
    const args = (step.args ?? []).map((argument) => evaluate(argument, this.#environment, buffers));
    const keywords = new Map(
      Object.entries(step.kw ?? {}).map(([key, value]) => [key, evaluate(value, this.#environment, buffers)]),
    );
    if (on !== null) {
      return async () => {
        const value = await callMethod(on, name, args, keywords, buffers);
        await this.#agree(on, name, value);
        return value;
      };
    }
    return () => callModule(this.#stage.broker, this.#stage.conversions, name, args, keywords);
  }

  /** Checks that the daemon agrees with what the client knows without asking. */
  async #agree(socket: Socket, name: string, value: unknown): Promise<void> {
    const { view } = this.#stage;
    if (view === null || socket.closed || !isViewed(name)) return;
    const theirs = await view[name](socket.handle);
    // Seconds and nanoseconds are separate fields, so a double may differ in its last digit.
    const close = typeof theirs === "number" && Math.abs(theirs - Number(value ?? Number.NaN)) <= theirs * 1e-15;
    if (theirs !== value && !close)
      throw new Error(`the daemon's ${name} says ${theirs}, and the client ${String(value)}`);
  }

  async #outcome(step: Step, invoke: () => Promise<unknown>): Promise<Outcome> {
    const started = performance.now();
    let outcome: Outcome;
    try {
      while (step.until === "error") await invoke();
      const value = await invoke();
      this.#keep(step, value);
      outcome = { value: this.#recorder.result(step, value) };
    } catch (error) {
      outcome = { error: neutralError(error) };
    }
    if (step.atLeast === undefined) return outcome;
    return { ...outcome, waited: performance.now() - started >= 900 * step.atLeast };
  }

  async #start(name: string, step: Step, invoke: () => Promise<unknown>): Promise<Outcome> {
    const before = await this.#stage.waitingOperations();
    const operation: Operation = {
      step,
      done: false,
      settled: invoke()
        .then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        )
        .finally(() => {
          operation.done = true;
        }),
    };
    this.#operations.set(name, operation);
    // Depends only on the state, not on time: each turn asks the daemon again.
    while (!operation.done && (await this.#stage.waitingOperations()) <= before) {}
    return { started: step.only === undefined ? (operation.done ? "done" : "waiting") : true };
  }

  async #adopt(step: Step, adopt: Json): Promise<Outcome> {
    const sockets: unknown[] = [];
    for (const fileno of descriptorsIn(this.#evaluate(adopt))) {
      sockets.push(await this.#stage.broker.socket(undefined, undefined, undefined, { fileno }));
    }
    this.#keep(step, sockets);
    return { value: this.#recorder.plain(sockets) };
  }

  #keep({ as: names }: Step, value: unknown): void {
    if (typeof names === "string") this.#variables.set(names, value);
    else if (names !== undefined) {
      for (const [index, item] of itemsOf(value).entries()) {
        const name = names[index];
        if (name !== undefined) this.#variables.set(name, item);
      }
    }
  }

  #evaluate(node: Json): unknown {
    return evaluate(node, this.#environment, []);
  }
}

async function replay(operation: Operation): Promise<unknown> {
  const settled = await operation.settled;
  if ("error" in settled) throw settled.error;
  return settled.value;
}
