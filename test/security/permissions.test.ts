import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../src/gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../../src/gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../../src/gen/sockbroker/v1/resolver_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { calls } from "../../src/server/entry/calls.js";
import { ops } from "../../src/server/entry/table.js";
import { type Permission, permissions } from "../../src/server/policy/policy.js";
import { operatorsGetIn, streamLimits, wrongAncillary } from "../support/further-checks.js";
import { cannotBeNobody, seesOthers } from "../support/other-principal.js";
import {
  administration,
  drain,
  type Form,
  groups,
  ofItsOwn,
  operations,
  streams,
  wrong,
} from "../support/permission-forms.js";
import { PolicyDaemon } from "../support/policy-daemon.js";

// Policy: set by each test, to deny one permission or all but one. Needs: nothing; one test needs root, to call as another
// user.

/** The daemon's table entry for an RPC. */
interface Said {
  readonly permission?: Permission;
  readonly also?: readonly { readonly permission: Permission }[];
  readonly asks?: Partial<Record<Permission, string>>;
  readonly subject?: string;
}

/** These have tests of their own at the end of this file. */
const ofOtherTests = ["drain admin", "listSessions admin", "listHandles admin", "watchHandles admin"];

const rpcOf = ({ name }: Form) => /^\w+/.exec(name)?.[0] ?? "";

let daemon: PolicyDaemon;

beforeAll(async () => {
  daemon = await PolicyDaemon.start();
});

afterAll(() => daemon[Symbol.asyncDispose]());

describe("the forms of this test", () => {
  it("include every RPC and every arm of the Session stream", () => {
    const rpcs = [
      SessionService,
      SocketService,
      StreamService,
      ResolverService,
      InterfaceService,
      HostService,
      ConversionService,
      PolicyService,
      AdminService,
    ].flatMap((service) => service.methods.map(({ localName }) => localName));
    const named = [...operations, ...streams, ...administration].map(rpcOf);
    expect([...new Set([...named, ...ofItsOwn])].sort()).toEqual([...rpcs].sort());
  });

  it("require every permission", () => {
    const needed = [...operations, ...streams, ...administration].flatMap(({ needs }) => needs);
    expect([...new Set(needed)].sort()).toEqual([...permissions].sort());
  });

  it("require the permissions of the daemon's tables, from which docs/policy.md is generated", () => {
    const forms = [...operations, ...streams, ...administration];
    const rows: Readonly<Record<string, Said>> = { ...ops, ...calls };
    const said = Object.entries(rows).flatMap(([rpc, { permission = "session", also = [], asks = {}, subject }]) => {
      const named = subject === "address" || subject === "destination" ? ["resolve"] : [];
      const all = [permission, ...also.map((further) => further.permission), ...Object.keys(asks), ...named];
      return all.filter((name) => name !== "session").map((name) => `${rpc} ${name}`);
    });
    const needed = forms.flatMap((form) =>
      form.needs.filter((need) => need !== "session").map((need) => `${rpcOf(form)} ${need}`),
    );
    expect([...new Set([...needed, ...ofOtherTests])].sort()).toEqual([...new Set(said)].sort());
  });

  it.each(groups)("%s has the expected outcome if nothing is denied", async (_title, forms, way) => {
    expect(await wrong(daemon, forms, way, [])).toEqual([]);
  });
});

describe.each(permissions)("without the permission %s", (permission) => {
  it.each(groups)("%s is denied if it requires that permission, and no other is", async (_title, forms, way) => {
    expect(await wrong(daemon, forms, way, [permission])).toEqual([]);
  });
});

describe.each(permissions)("with no permission but session and %s", (permission) => {
  it.each(groups)("%s is allowed if it requires no other, and no other is", async (_title, forms, way) => {
    const others = permissions.filter((other) => other !== permission && other !== "session");
    expect(await wrong(daemon, forms, way, others)).toEqual([]);
  });
});

describe("Drain", () => {
  it("requires the permissions session and admin, and no others", async () => {
    await using own = await PolicyDaemon.start();
    using client = own.client();
    await own.deny("admin");
    expect(await drain(client)).toBe("denied admin");
    await own.deny("session");
    expect(await drain(client)).toBe("denied session");
    await own.deny(...permissions.filter((permission) => permission !== "admin" && permission !== "session"));
    expect(await drain(client)).toBe("ok");
    await own.ended();
  });
});

describe("what others own", () => {
  it("is listed only with the permission admin", async (ctx) => {
    const reason = cannotBeNobody();
    if (reason !== null) ctx.skip(reason);
    await daemon.deny();
    expect(await seesOthers(daemon)).toBe(true);
    await daemon.deny("admin");
    expect(await seesOthers(daemon)).toBe(false);
  });
});

describe("the policy is also asked", () => {
  it("about credentials of another process, and about sockets that another process shares", async () => {
    expect(await wrongAncillary(daemon)).toEqual([]);
  });

  it("who may have many streams on a connection", async () => {
    expect(await streamLimits(daemon)).toEqual({ admitted: 1024, refused: 4 });
  });

  it("who is an operator when descriptors run out", async () => {
    expect(await operatorsGetIn(20_000)).toBe(true);
  });
});
