import { expect, test } from "vitest";
import type { SocketAddress } from "../client/index.js";
import { formatAddress } from "./format-address.js";

const none = Buffer.alloc(0);

test.each<[SocketAddress | null, string]>([
  [null, "*"],
  [{ family: "inet", host: "10.0.0.1", port: 80 }, "10.0.0.1:80"],
  [{ family: "inet6", host: "::1", port: 80, flowinfo: 0, scopeId: 0 }, "[::1]:80"],
  [{ family: "inet6", host: "fe80::1", port: 0, flowinfo: 0, scopeId: 3 }, "[fe80::1%3]:0"],
  [{ family: "unix", path: "" }, "*"],
  [{ family: "unix", path: "/run/x.sock" }, "/run/x.sock"],
  [{ family: "unix", path: Buffer.from("/\x1b]0;\xff", "latin1") }, "/\\x1b]0;ÿ"],
  [{ family: "abstract", name: Buffer.from("a\0b") }, "@a\\x00b"],
  [{ family: "netlink", pid: 7, groups: 16 }, "7:0x10"],
  [
    { family: "packet", interfaceName: "lo", protocol: 3, packetType: 0, hardwareType: 0, hardwareAddress: none },
    "lo:0x0003",
  ],
  [{ family: "can", interfaceName: "" }, "*"],
  [{ family: "vsock", cid: 3, port: 1024 }, "3:1024"],
  [{ family: "isotp", interfaceName: "vcan0", rxId: 1, txId: 2 }, "isotp:vcan0,1,2"],
])("formatAddress › writes %j", (address, text) => {
  expect(formatAddress(address)).toBe(text);
});
