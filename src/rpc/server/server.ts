/*
 * The server half of gRPC, on Node's HTTP/2: serves services by descriptor, on connections accepted elsewhere.
 */

import type { Socket } from "node:net";
import { CallError } from "../call-error.js";
import { Connection, type ConnectionLimits } from "./connection.js";
import { type Health, newHealth } from "./health.js";
import { reflectionOf } from "./reflection.js";
import { type HandlerOptions, newRoutes, type ServiceHandlers } from "./routes.js";
import { Turns } from "./turns.js";

export interface RpcServerOptions extends HandlerOptions {
  readonly services: readonly ServiceHandlers[];
}

export interface RpcServer {
  /** Serves a connection. `id` becomes `Call.peer`. */
  inject(socket: Socket, id: string, limits: ConnectionLimits): void;
  readonly health: Pick<Health, "stop">;
  /** Refuses new calls, and waits for running ones. Those of a connection to which nothing is written are cancelled. */
  drain(stallMilliseconds: number): void;
  /** Ends everything immediately. */
  close(): void;
}

/**
 * The intervals of gRPC's other servers. A unix socket reports the death of its peer; this is for one that hangs, or is
 * no client at all.
 */
const KEEPALIVE = { firstSettingsMs: 120_000, pingMs: 7_200_000, pongMs: 20_000 };

export function createRpcServer(options: RpcServerOptions): RpcServer {
  const health = newHealth(options.services.map(({ service }) => service.typeName));
  const services = [...options.services, health.handlers];
  const { malformed } = options;
  const statusOf = (error: unknown) => (error instanceof CallError ? error.status : options.statusOf(error));
  const connectionOptions = {
    statusOf,
    turns: new Turns(),
    keepalive: KEEPALIVE,
    routes: newRoutes([...services, ...reflectionOf(services.map(({ service }) => service))], { malformed, statusOf }),
  };
  const connections = new Set<Connection>();
  return {
    health,
    inject: (socket, id, limits) => {
      const connection = new Connection(socket, id, limits, connectionOptions);
      connections.add(connection);
      connection.onClose(() => connections.delete(connection));
    },
    drain: (stallMilliseconds) => {
      for (const connection of connections) connection.drain(stallMilliseconds);
    },
    close: () => {
      for (const connection of connections) connection.destroy();
    },
  };
}
