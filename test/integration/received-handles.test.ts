import { expect, it } from "vitest";
import { handleOf, RawDaemon } from "../support/raw-broker.js";

/* Descriptors that arrive when the principal has no room for them, with the built-in policy. */

const MSG_CTRUNC = 0x08;

it("descriptors beyond the quota are closed, MSG_CTRUNC says so, and the bytes arrive", async () => {
  await using daemon = await RawDaemon.start("--max-handles", "4");
  using client = daemon.client();
  using session = client.session();
  const pair = await session.op("socketpair", {});
  const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
  const third = handleOf((await session.op("socket", {})).socket);
  for (const receive of ["recvFds", "recvmsg"] as const) {
    await session.op("sendFds", { handle: here, buffers: [Buffer.from("data")], handles: [third, third, third] });
    const request =
      receive === "recvFds"
        ? { handle: there, maxBytes: 10n, maxHandles: 3 }
        : { handle: there, maxBytes: 10n, maxAncillaryBytes: 64n };
    const received = await session.op(receive, request as never);
    expect(Buffer.from(received.data).toString()).toBe("data");
    expect(received.flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
    const handles = "handles" in received ? received.handles : rightsOf(received.ancillaryData);
    expect(handles).toHaveLength(1);
    for (const handle of handles) await session.op("close", { handle });
  }
});

interface Control {
  readonly view: { readonly case?: string | undefined; readonly value?: unknown };
}

function rightsOf(control: readonly Control[]): bigint[] {
  return control.flatMap(({ view }) => (view.case === "rights" ? (view.value as { handles: bigint[] }).handles : []));
}
