import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { describe, expect, it } from "vitest";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { loadAddon } from "../../native/load-addon.js";
import { endpointOf } from "./endpoint.js";
import { embeddedIPv4, normalise } from "./normalise.js";

interface Vector {
  readonly address: string;
  readonly zone?: number;
  readonly endpoint: string;
  readonly embedded: readonly string[];
}

const file = new URL("../../../test/support/normalised-addresses.json", import.meta.url);
const { addresses } = JSON.parse(readFileSync(file, "utf8")) as { addresses: readonly Vector[] };
const addon = loadAddon();

function inet6(address: string, scopeId = 0): Sockaddr {
  return { kind: "inet6", address, port: 80, flowinfo: 0, scopeId };
}

describe.each(addresses)("$address, zone $zone", ({ address, zone, endpoint, embedded }) => {
  it("has one endpoint", () => {
    expect(endpointOf(normalise(inet6(address, zone)))).toBe(endpoint);
  });

  it("does not change when it is normalised again", () => {
    const once = normalise(inet6(address, zone));
    expect(normalise(once)).toEqual(once);
  });

  it("contains these IPv4 addresses", () => {
    expect(embeddedIPv4(inet6(address, zone))).toEqual(embedded);
    expect(embedded.every((one) => isIPv4(one))).toBe(true);
  });

  it("is the address that the kernel's own functions parse", () => {
    const one = normalise(inet6(address, zone));
    if (one.kind !== "inet6") return;
    expect(addon.inetPton(AddressFamily.INET6, one.address)).toEqual(addon.inetPton(AddressFamily.INET6, address));
  });
});

it("leaves addresses of other families unchanged", () => {
  const address: Sockaddr = { kind: "can", interface: "vcan0" };
  expect(normalise(address)).toBe(address);
  expect(embeddedIPv4(address)).toEqual([]);
});
