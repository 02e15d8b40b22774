import { Gauge } from "./gauge.js";

/** What the daemon counts. The first group is of what lives now. */
export interface Counters {
  readonly connections: Gauge;
  sessions: number;
  handles: number;
  /** Operations that wait. */
  readonly waiting: Gauge;
  readonly attachments: Gauge;
  watches: number;
  /** Armed leases. */
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
    watches: 0,
    timers: 0,
    operations: 0,
    operationsFailed: 0,
    handlesOpened: 0,
    denials: 0,
  };
}
