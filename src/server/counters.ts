import { Gauge } from "./gauge.js";

/** Counters of the daemon. The first group are current values. */
export interface Counters {
  readonly connections: Gauge;
  sessions: number;
  handles: number;
  /** Waiting operations. */
  readonly waiting: Gauge;
  readonly attachments: Gauge;
  readonly watches: Gauge;
  /** Active lease timers. */
  timers: number;

  operations: number;
  operationsFailed: number;
  handlesOpened: number;
  denials: number;
}

export function newCounters(): Counters {
  return {
    connections: new Gauge(),
    sessions: 0,
    handles: 0,
    waiting: new Gauge(),
    attachments: new Gauge(),
    watches: new Gauge(),
    timers: 0,
    operations: 0,
    operationsFailed: 0,
    handlesOpened: 0,
    denials: 0,
  };
}
