import { loadAddon } from "../../src/native/load-addon.js";
import { newPrincipal } from "../../src/server/access/principal.js";
import { newCounters } from "../../src/server/counters.js";
import { defaultLimits } from "../../src/server/limits.js";
import { ProcessWatch } from "../../src/server/sessions/process-watch.js";
import { Session } from "../../src/server/sessions/session.js";
import { Outliving } from "../../src/server/sockets/outliving.js";

/** A session without a connection, of uid:1000 unless said otherwise. */
export function newSession(options: Partial<ConstructorParameters<typeof Session>[0]> = {}): Session {
  return new Session({
    ordinal: 0,
    principal: newPrincipal("uid:1000", defaultLimits),
    name: "",
    lease: null,
    counters: newCounters(),
    outliving: new Outliving(loadAddon()),
    processes: new ProcessWatch(),
    maxWaiting: 16,
    refusalOfShared: () => null,
    onShared: () => undefined,
    onEnd: () => undefined,
    ...options,
  });
}
