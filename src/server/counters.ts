/** What the daemon counts. The first group is of what lives now. */
export interface Counters {
  connections: number;
  sessions: number;
  handles: number;
  waiting: number;
  attachments: number;
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
    connections: 0,
    sessions: 0,
    handles: 0,
    waiting: 0,
    attachments: 0,
    watches: 0,
    timers: 0,
    operations: 0,
    operationsFailed: 0,
    handlesOpened: 0,
    denials: 0,
  };
}
