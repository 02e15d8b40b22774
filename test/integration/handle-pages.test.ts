import { afterEach, beforeEach, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { handleOf, type RawClient, RawDaemon, type RawSession, symbolOf } from "../support/raw-broker.js";

/* Pages of ListHandles while sockets and sessions come and go. */

let daemon: RawDaemon;
let client: RawClient;
let other: RawClient;
let session: RawSession;
beforeEach(async () => {
  daemon = await RawDaemon.start();
  client = daemon.client();
  other = daemon.client();
  session = client.session();
});
afterEach(async () => {
  client[Symbol.dispose]();
  other[Symbol.dispose]();
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

async function open(where: RawSession): Promise<bigint> {
  return handleOf((await where.op("socket", {})).socket);
}

async function page(pageSize: number, pageToken: string) {
  const { handles, nextPageToken } = await client.unary(AdminService.method.listHandles, { pageSize, pageToken });
  return { handles: handles.map(({ socket }) => handleOf(socket)), nextPageToken };
}

it("shows every handle once", async () => {
  const opened = [await open(session), await open(session), await open(session)];
  const first = await page(2, "");
  expect(first.handles).toEqual(opened.slice(0, 2));
  expect(await page(2, first.nextPageToken)).toEqual({ handles: opened.slice(2), nextPageToken: "" });
  expect(await page(3, "")).toEqual({ handles: opened, nextPageToken: "" });
});

it("omits none when handles of an earlier page were closed", async () => {
  const opened = [await open(session), await open(session), await open(session), await open(session)];
  const { nextPageToken } = await page(2, "");
  for (const handle of opened.slice(0, 2)) await session.op("close", { handle });
  expect((await page(2, nextPageToken)).handles).toEqual(opened.slice(2));
});

it("omits none when the session of an earlier page ended", async () => {
  await open(session);
  const later = [await open(other.session())];
  const { nextPageToken } = await page(1, "");
  await session.op("closeSession", {});
  expect((await page(1, nextPageToken)).handles).toEqual(later);
});

it("refuses a token that no page returned", async () => {
  await open(session);
  expect(await symbolOf(page(1, "junk"))).toBe("MALFORMED_REQUEST");
  expect(await symbolOf(page(1, "1"))).toBe("MALFORMED_REQUEST");
});
