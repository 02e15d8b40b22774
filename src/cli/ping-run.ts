import { setTimeout as sleep } from "node:timers/promises";
import { type Socket, SocketError } from "../client/index.js";
import { decodeEcho, type EchoProtocol, encodeEcho } from "./icmp.js";

/** What to send, and when. Times in seconds. */
export interface PingPlan {
  /** A raw socket, connected to the target. */
  readonly socket: Socket;
  readonly protocol: EchoProtocol;
  readonly id: number;
  /** May be infinite. */
  readonly count: number;
  readonly interval: number;
  /** How long to wait for answers after the last request. */
  readonly wait: number;
  /** Bytes of data in each request. */
  readonly size: number;
  /** Returns the hop limit of a message that does not begin with an IP header. */
  readonly hopLimit: (message: Received) => number | null;
}

/** An answer. */
export interface Sample {
  readonly bytes: number;
  readonly sequence: number;
  readonly ttl: number | null;
  readonly milliseconds: number;
  /** Whether an earlier answer to the same request has arrived. */
  readonly duplicate: boolean;
}

/** Called for each event. */
export interface PingListener {
  readonly answered: (sample: Sample) => Promise<void>;
  readonly failed: (error: SocketError) => void;
}

/** Totals of a run. */
export interface PingResult {
  readonly transmitted: number;
  /** In milliseconds, of the first answer to each request that was answered. */
  readonly times: readonly number[];
  readonly duplicates: number;
  readonly errors: number;
  readonly elapsedMilliseconds: number;
}

type Received = Awaited<ReturnType<Socket["recvmsg"]>>;

/** Errors that the network reports for a request, after which the socket remains usable. */
const reports: ReadonlySet<string> = new Set([
  "EACCES",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EMSGSIZE",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOBUFS",
  "EPROTO",
]);

const LARGEST_PACKET = 65_535;
const ANCILLARY_BYTES = 64;

/** Sends requests and collects the answers, until all have arrived, the waiting time is over, or the signal aborts. */
export async function ping(plan: PingPlan, listener: PingListener, signal: AbortSignal): Promise<PingResult> {
  const run = new Run(plan, listener);
  const started = performance.now();
  const stop = new AbortController();
  const receiving = run.receive(stop.signal);
  // If receiving fails, sending stops, because no answers would be counted.
  const failed = receiving.then(() => new Promise<never>(() => undefined));
  await Promise.race([run.send(signal), failed]);
  const elapsedMilliseconds = performance.now() - started;
  if (!signal.aborted)
    await Promise.race([run.complete, sleep(plan.wait * 1000, undefined, { signal }), failed]).catch(ifAborted);
  stop.abort();
  await receiving;
  return { ...run.result(), elapsedMilliseconds };
}

class Run {
  readonly complete: Promise<void>;
  readonly #plan: PingPlan;
  readonly #listener: PingListener;
  readonly #payload: Buffer;
  /** By the 16-bit sequence number that an answer repeats. */
  readonly #requests = new Map<number, { readonly at: number; answered: boolean }>();
  readonly #times: number[] = [];
  #announce = (): void => undefined;
  #transmitted = 0;
  #duplicates = 0;
  #errors = 0;

  constructor(plan: PingPlan, listener: PingListener) {
    this.#plan = plan;
    this.#listener = listener;
    this.#payload = Buffer.from(Uint8Array.from({ length: plan.size }, (_, index) => index & 0xff));
    this.complete = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  result(): Omit<PingResult, "elapsedMilliseconds"> {
    return { transmitted: this.#transmitted, times: this.#times, duplicates: this.#duplicates, errors: this.#errors };
  }

  async send(signal: AbortSignal): Promise<void> {
    const { count, interval } = this.#plan;
    const started = performance.now();
    for (let sequence = 1; sequence <= count && !signal.aborted; sequence++) {
      await this.#sendOne(sequence);
      if (sequence === count) return;
      const due = started + sequence * interval * 1000 - performance.now();
      await sleep(Math.max(0, due), undefined, { signal }).catch(ifAborted);
    }
  }

  async receive(signal: AbortSignal): Promise<void> {
    const { socket } = this.#plan;
    while (!signal.aborted) {
      try {
        const message = await socket.recvmsg(LARGEST_PACKET, {
          maxAncillaryBytes: ANCILLARY_BYTES,
          timeout: null,
          signal,
        });
        await this.#count(message, performance.now());
      } catch (error) {
        if (!signal.aborted) this.#report(error);
      }
    }
  }

  async #sendOne(sequence: number): Promise<void> {
    const { socket, protocol, id } = this.#plan;
    const request = encodeEcho(protocol, { id, sequence, payload: this.#payload });
    this.#requests.set(sequence & 0xffff, { at: performance.now(), answered: false });
    this.#transmitted++;
    try {
      await socket.send(request);
    } catch (error) {
      this.#report(error);
    }
  }

  async #count(message: Received, now: number): Promise<void> {
    const { protocol, id, hopLimit } = this.#plan;
    const echo = decodeEcho(protocol, message.data);
    if (echo === null || echo.type !== protocol.reply || echo.id !== id) return;
    const request = this.#requests.get(echo.sequence);
    if (request === undefined) return;
    const { answered: duplicate } = request;
    const milliseconds = now - request.at;
    request.answered = true;
    if (duplicate) this.#duplicates++;
    else this.#times.push(milliseconds);
    const ttl = echo.ttl ?? hopLimit(message);
    const bytes = echo.payload.length + 8;
    await this.#listener.answered({ bytes, sequence: echo.sequence, ttl, milliseconds, duplicate });
    if (this.#times.length === this.#plan.count) this.#announce();
  }

  #report(error: unknown): void {
    if (!(error instanceof SocketError) || !reports.has(error.code)) throw error;
    this.#errors++;
    this.#listener.failed(error);
  }
}

function ifAborted(error: unknown): void {
  if (!(error instanceof Error) || error.name !== "AbortError") throw error;
}
