import { describe, expect, it } from "vitest";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { loadAddon } from "../../native/load-addon.js";
import type { OpContext, Permitted } from "../context.js";
import type { Row } from "../entry/row.js";
import { rights } from "../io/ancillary.js";
import { receiveData } from "../io/receive.js";
import { controlToSend } from "../io/send-control.js";
import { listen } from "../ops/listen.js";
import { recv } from "../ops/recv.js";
import { sendFds } from "../ops/send-fds.js";
import { sendfile } from "../ops/sendfile.js";
import { setsockopt } from "../ops/setsockopt.js";
import { socketpair } from "../ops/socketpair.js";
import type { Checked } from "../policy/checked.js";
import { Quota } from "../sessions/quota.js";
import { OpenDescription } from "../sockets/open-description.js";
import { type ControlToSend, type Handle, type Socket, SocketEntry } from "../sockets/socket-entry.js";
import type { AttachContext } from "../streams/attach-context.js";
import { AttachReceiver } from "../streams/attach-receiver.js";
import { AttachSender } from "../streams/attach-sender.js";
import { authoriseSocket } from "./authorise.js";
import { permittedControl, type View, viewOf } from "./views.js";

// Each `@ts-expect-error` marks a use whose permission was not checked; tsc reports it if it compiles. The functions
// that contain them are never called.

type Verbs = typeof SocketService.method;

const data = [new Uint8Array(1)];

describe("a socket without any checked permission does not compile to", () => {
  it.each([
    // @ts-expect-error
    ["listen", (socket: Socket) => socket.listen(1)],
    // @ts-expect-error
    ["accept", (socket: Socket) => socket.accept()],
    // @ts-expect-error
    ["receive", (socket: Socket) => socket.receive(1, 0, 0)],
    // @ts-expect-error
    ["send", (socket: Socket) => socket.send(data, null, 0, null)],
    // @ts-expect-error
    ["set an option", (socket: Socket) => socket.setsockoptInt(1, 2, 1)],
    // @ts-expect-error
    ["get an option", (socket: Socket) => socket.getsockoptInt(1, 2)],
    // @ts-expect-error
    ["make an ioctl", (socket: Socket) => socket.ioctlInt(1, 2)],
    // @ts-expect-error
    ["send a file", (socket: Socket, file: Socket) => socket.sendfile(file, 0n, 1)],
    // @ts-expect-error
    ["watch", (socket: Socket) => socket.observe(1, () => {})],
    // @ts-expect-error
    ["shut down", (socket: Socket) => socket.shutdown(2)],
    // @ts-expect-error
    ["change its timeout", (socket: Socket) => socket.setTimeout(0n)],
    [
      "receive by the means of ops",
      // @ts-expect-error
      (ctx: OpContext, socket: Socket) => receiveData(ctx, socket, "recv", { flags: 0 }),
    ],
    // @ts-expect-error
    ["use the native socket", (entry: SocketEntry) => entry.native],
    // @ts-expect-error
    ["use the native socket of a view", (socket: View<"receive">) => socket.native],
  ])("%s", (_, use) => expect(use).toBeTypeOf("function"));
});

describe("a view does not compile to", () => {
  it.each([
    // @ts-expect-error
    ["send, where it was receiving that was asked for", (socket: View<"receive">) => socket.send(data, null, 0, null)],
    // @ts-expect-error
    ["be taken for another", (socket: View<"send">): View<"receive"> => socket],
    [
      "bind to an address that was not checked",
      // @ts-expect-error
      (socket: View<"bind">, address: Sockaddr) => socket.bind(address),
    ],
    [
      "connect to an address that was checked for bind",
      // @ts-expect-error
      (socket: View<"connect">, address: Checked<Sockaddr, "bind">) => socket.connect(address),
    ],
    [
      "send control messages that were not checked",
      // @ts-expect-error
      (socket: View<"send">, control: readonly ControlToSend[]) => socket.send(data, control, 0, null),
    ],
    [
      "send handles for a caller that may only send",
      // @ts-expect-error
      (ctx: Permitted<"send">, handles: bigint[]) => permittedControl(ctx, [rights(ctx.session, handles)]),
    ],
    // @ts-expect-error
    ["be made for a caller that was not checked", (ctx: OpContext, socket: Socket) => viewOf(ctx, socket)],
    [
      "be made for a permission that was not asked for",
      // @ts-expect-error
      (ctx: Permitted<"session">, socket: Socket): View<"listen"> => viewOf(ctx, socket),
    ],
  ])("%s", (_, use) => expect(use).toBeTypeOf("function"));
});

describe("an attach stream does not compile", () => {
  it.each([
    [
      "that receives without a view",
      // @ts-expect-error
      (attach: AttachContext, socket: Socket) => new AttachReceiver(attach, { listening: false, socket }),
    ],
    [
      "that accepts where receiving was asked for",
      // @ts-expect-error
      (attach: AttachContext, socket: View<"receive">) => new AttachReceiver(attach, { listening: true, socket }),
    ],
    // @ts-expect-error
    ["that sends without a view", (attach: AttachContext) => new AttachSender(attach, attach.socket)],
  ])("%s", (_, use) => expect(use).toBeTypeOf("function"));
});

describe("a row does not compile if its permission does not grant what its op uses", () => {
  it("listen", () => {
    // @ts-expect-error
    const row: Row<Verbs["listen"]> = { permission: "session", subject: "socket", run: listen };
    expect(row.run).toBe(listen);
  });

  it("recv", () => {
    // @ts-expect-error
    const row: Row<Verbs["recv"]> = { permission: "send", subject: "socket", run: recv };
    expect(row.run).toBe(recv);
  });

  it("setsockopt", () => {
    // @ts-expect-error
    const row: Row<Verbs["setsockopt"]> = { permission: "getsockopt", subject: "socket", run: setsockopt };
    expect(row.run).toBe(setsockopt);
  });

  it("sendfile", () => {
    // @ts-expect-error
    const row: Row<Verbs["sendfile"]> = { permission: "receive", subject: "socket", run: sendfile };
    expect(row.run).toBe(sendfile);
  });

  it("SendFds, with `send` alone", () => {
    const how = { subject: "destination", operation: "sendmsg", run: sendFds } as const;
    // @ts-expect-error
    const row: Row<Verbs["sendFds"]> = { permission: "send", ...how };
    expect(row.run).toBe(sendFds);
    const complete: Row<Verbs["sendFds"]> = { permission: "send", also: [{ permission: "ancillary" }], ...how };
    expect(complete.run).toBe(sendFds);
  });

  it("socketpair, for strangers", () => {
    // @ts-expect-error
    const row: Row<Verbs["socketpair"]> = { strangers: true, subject: "nothing", run: socketpair };
    expect(row.run).toBe(socketpair);
  });
});

describe("a view", () => {
  const policy = { decide: () => ({ allowed: true, rule: "all", reason: "" }), rulesFor: () => [] };
  const ctx = { services: { policy }, principal: { name: "uid:1000" } } as unknown as OpContext;

  function entry(): SocketEntry {
    const native = loadAddon().socket(1, 1, 0, null);
    if (typeof native === "number") throw new Error(`socket: ${native}`);
    const facts = { family: 1, type: 1, protocol: 0 };
    return new SocketEntry(1n as Handle, native, facts, new OpenDescription(), new Quota("bytes", 0));
  }

  it("is the entry itself, and takes no memory", () => {
    const socket = entry();
    expect(authoriseSocket(ctx, "receive", socket)).toBe(socket);
    socket.destroy(new Error("over"));
  });

  it("is not created if the policy denies the permission", () => {
    const socket = entry();
    const denied = { decide: () => ({ allowed: false, rule: "none", reason: "denied" }), rulesFor: () => [] };
    const services = { policy: denied, counters: { denials: 0 }, throttled: { add: () => ({}) } };
    const caller = { ...ctx, services } as unknown as OpContext;
    expect(() => authoriseSocket(caller, "receive", socket)).toThrow("denied");
    socket.destroy(new Error("over"));
  });

  it("is not needed for an empty list of control messages", () => {
    expect(controlToSend(ctx, [])).toBeNull();
  });
});
