import { expect, test } from "vitest";
import { checksum, decodeEcho, encodeEcho, icmp4, icmp6 } from "./icmp.js";

test("encodeEcho › computes the right checksum, for odd lengths too", () => {
  for (const payload of [Buffer.alloc(0), Buffer.from("a"), Buffer.from("hello"), Buffer.alloc(65_507 - 8, 0xff)]) {
    const message = encodeEcho(icmp4, { id: 0xabcd, sequence: 7, payload });
    expect(message.readUInt8(0)).toBe(8);
    expect(checksum(message)).toBe(0);
  }
});

test("encodeEcho › leaves the checksum of ICMPv6 to the kernel", () => {
  const message = encodeEcho(icmp6, { id: 1, sequence: 2, payload: Buffer.from("x") });
  expect([message.readUInt8(0), message.readUInt16BE(2)]).toEqual([128, 0]);
});

test("encodeEcho › continues with 0 after 65535", () => {
  expect(encodeEcho(icmp4, { id: 1, sequence: 65_536, payload: Buffer.alloc(0) }).readUInt16BE(6)).toBe(0);
});

test("decodeEcho › finds the message after the IP header, with or without options", () => {
  const message = encodeEcho(icmp4, { id: 3, sequence: 4, payload: Buffer.from("data") });
  for (const words of [5, 15]) {
    const header = Buffer.alloc(words * 4);
    header.writeUInt8(0x40 | words, 0);
    header.writeUInt8(61, 8);
    const echo = decodeEcho(icmp4, Buffer.concat([header, message]));
    expect(echo).toMatchObject({ type: 8, id: 3, sequence: 4, ttl: 61 });
    expect(Buffer.from(echo?.payload ?? []).toString()).toBe("data");
  }
});

test("decodeEcho › returns null for a packet that is too short", () => {
  for (const length of [0, 1, 7, 20, 27]) {
    const packet = Buffer.alloc(length);
    if (length > 0) packet.writeUInt8(0x45, 0);
    expect(decodeEcho(icmp4, packet)).toBeNull();
  }
  expect(decodeEcho(icmp6, Buffer.alloc(7))).toBeNull();
});
