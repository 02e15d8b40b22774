/*
 * gRPC's standard health service. It remembers who watches, and nothing of names that it does not know.
 */

import { create } from "@bufbuild/protobuf";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  Health as HealthService,
} from "../../gen/grpc/health/v1/health_pb.js";
import { CallError } from "../call-error.js";
import { Code } from "../code.js";
import { newStatus } from "../status.js";
import type { ServiceHandlers } from "./routes.js";
import type { WritableServerCall } from "./stream-calls.js";

export interface Health {
  readonly handlers: ServiceHandlers;
  /** Reports to everyone who asks or watches that this server takes no new work. */
  stop(): void;
}

/** No service has a longer name, and none is watched. */
const LONGEST_NAME = 256;

type WatchCall = WritableServerCall<HealthCheckResponse>;

/** Serves grpc.health.v1.Health for the whole server ("") and for each service. */
export function newHealth(services: readonly string[]): Health {
  const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
  const names: ReadonlySet<string> = new Set(["", ...services]);
  const watchers = new Set<WatchCall>();
  let current = create(HealthCheckResponseSchema, { status: SERVING });
  const unknown = create(HealthCheckResponseSchema, { status: SERVICE_UNKNOWN });

  const watch = (call: WatchCall, { service }: HealthCheckRequest): void => {
    if (!names.has(service)) {
      if (service.length <= LONGEST_NAME) call.write(unknown);
      else call.fail(newStatus(Code.NOT_FOUND, "no service has so long a name"));
      return;
    }
    watchers.add(call);
    call.onClose(() => watchers.delete(call));
    call.write(current);
  };
  return {
    handlers: {
      service: HealthService,
      unary: {
        check: (_call, { service }: HealthCheckRequest) => {
          if (names.has(service)) return current;
          throw new CallError(newStatus(Code.NOT_FOUND, "unknown service"));
        },
        list: () => ({ statuses: Object.fromEntries([...names].map((name) => [name, current])) }),
      },
      writable: { watch },
    },
    stop: () => {
      current = create(HealthCheckResponseSchema, { status: NOT_SERVING });
      for (const call of watchers) call.write(current);
    },
  };
}
