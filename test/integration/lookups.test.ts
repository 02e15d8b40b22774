import { expect, it } from "vitest";
import { handleOf, portOf, RawDaemon } from "../support/raw-broker.js";

/* Many look-ups of one principal at once, with the built-in policy. */

it("look-ups beyond the number that may run at a time wait", async () => {
  await using daemon = await RawDaemon.start("--max-lookups", "2");
  using client = daemon.client();
  using session = client.session();
  const listener = await session.op("createServer", {
    address: { address: { case: "inet", value: { host: "127.0.0.1", port: 0 } } },
  });
  const port = portOf(listener.socket?.localAddress);
  const connections = await Promise.all(
    Array.from({ length: 64 }, () =>
      session.op("createConnection", { host: "127.0.0.1", destination: { case: "port", value: port } }),
    ),
  );
  expect(new Set(connections.map(({ socket }) => handleOf(socket))).size).toBe(64);
});
