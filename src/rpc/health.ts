import {
  status as Code,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Server,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { HealthImplementation, service } from "grpc-health-check";

/** The standard health service. */
export interface Health {
  /** Reports to everyone who asks or watches that this server takes no new work. */
  stop(): void;
}

type Check = handleUnaryCall<{ readonly service: string }, unknown>;
type Watch = handleServerStreamingCall<{ readonly service: string }, unknown>;

/**
 * The library's error message contains the requested name; with one of 100 KiB it would end the caller's connection.
 */
const LONGEST_NAME = 256;
const TOO_LONG = "no service has so long a name";

/** Adds grpc.health.v1.Health for the whole server ("") and for each service. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ["", ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING" as const])));
  health.addToServer({
    addService: (definition: Parameters<Server["addService"]>[0], handlers: UntypedServiceImplementation) => {
      const check = handlers.check as Check;
      const bounded: Check = (call, callback) => {
        if (call.request.service.length <= LONGEST_NAME) check(call, callback);
        else callback({ code: Code.NOT_FOUND, details: TOO_LONG });
      };
      const watch = handlers.watch as Watch;
      // The library keeps each watched name forever, and anyone who can connect may watch.
      const watchKnown: Watch = (call) => {
        if (names.includes(call.request.service)) watch(call);
        else if (call.request.service.length <= LONGEST_NAME) call.write({ status: "SERVICE_UNKNOWN" });
        else call.emit("error", { code: Code.NOT_FOUND, details: TOO_LONG });
      };
      server.addService(definition, { ...handlers, check: bounded, watch: watchKnown });
    },
  } as Server);
  return {
    stop: () => {
      for (const name of names) health.setStatus(name, "NOT_SERVING");
    },
  };
}

/** The encoded file descriptors of the health service, for reflection. */
export function healthFiles(): Buffer[] {
  const methods = Object.values(service);
  return [...new Set(methods.flatMap(({ requestType }) => requestType.fileDescriptorProtos))];
}
