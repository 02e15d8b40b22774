import type { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";

/** The standard health service. */
export interface Health {
  /** Tells everyone who asks or watches that this server takes no new work. */
  stop(): void;
}

/** Adds grpc.health.v1.Health for the whole server ("") and for each service. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ["", ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING" as const])));
  health.addToServer(server);
  return {
    stop: () => {
      for (const name of names) health.setStatus(name, "NOT_SERVING");
    },
  };
}
