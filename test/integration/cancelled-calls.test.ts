import { describe, expect, it } from "vitest";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { type RawClient, RawDaemon, symbolOf, until } from "../support/raw-broker.js";

/* With only the stubs, each cancelled call resets a stream: thousands of resets in all, on an implicit session. */

/** More resets than Node 20 allows during a test: a thousand, and 33 per second. */
const CALLS = 2_500;
const MILLISECONDS = 40_000;
/** Node 20 closes a connection after about a thousand resets, and has no option to prevent that. */
const RESETS_END_CONNECTIONS = Number.parseInt(process.versions.node, 10) < 22;

const members: readonly [string, (client: RawClient, handle: bigint, signal: AbortSignal) => Promise<unknown>][] = [
  [
    "receives",
    (client, handle, signal) => client.unary(SocketService.method.recv, { handle, maxBytes: 1n }, { signal }),
  ],
  [
    "watches",
    async (client, handle, signal) => {
      const watch = client.bidi(StreamService.method.watch);
      signal.addEventListener("abort", () => watch.cancel());
      await watch.write({ interests: [{ handle, events: 1 }] });
    },
  ],
];

describe("cancelling thousands of calls does not change the socket", () => {
  it.each(members)("%s", { timeout: MILLISECONDS }, async (_, begin) => {
    await using daemon = await RawDaemon.start();
    using client = daemon.client();
    const pair = await client.unary(SocketService.method.socketpair, {});
    const handle = pair.first?.handle ?? 0n;
    for (let call = 0; call < CALLS; call += 50) {
      const controller = new AbortController();
      const begun = Array.from({ length: 50 }, () => begin(client, handle, controller.signal).catch(() => undefined));
      // The answer to a later call: the daemon has started the earlier ones.
      await client.unary(SocketService.method.gettimeout, { handle }).catch(() => undefined);
      controller.abort();
      await Promise.all(begun);
    }
    using observer = daemon.client();
    await until("the last calls are cancelled", async () => (await observer.statistics()).waitingOperations === 0);
    const sent = client.unary(SocketService.method.send, { handle: pair.second?.handle ?? 0n, data: Buffer.from("x") });
    expect(await symbolOf(sent)).toBe(RESETS_END_CONNECTIONS ? "HANDLE_NOT_FOUND" : "ok");
    if (RESETS_END_CONNECTIONS) return;
    const received = await client.unary(SocketService.method.recv, { handle, maxBytes: 10n });
    expect(`${Buffer.from(received.data)}`).toBe("x");
    expect(daemon.faults).toEqual([]);
  });
});
