import { create, fromBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { TimeoutErrorSchema } from "../../gen/sockbroker/v1/error_pb.js";
import { bytesOf, encodeBytes, keysOf, valuesOf } from "./metadata.js";
import { parseTimeout } from "./timeout.js";
import { encodeMessage, trailersOf } from "./trailers.js";

/* The header fields of a request and of its response. */

describe("grpc-timeout", () => {
  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["100m", 100],
    ["1500u", 2],
    ["1n", 1],
    ["0S", 0],
    ["99999999H", 2 ** 31 - 1],
  ])("%s is %i ms", (text, milliseconds) => {
    expect(parseTimeout(text)).toBe(milliseconds);
  });

  it.each(["", "1", "S", "-1S", "1.5S", "1s", "123456789S", "1S ", "1S,2S", "0x1S", "١S"])("%j is invalid", (text) => {
    expect(parseTimeout(text)).toBeNull();
  });
});

describe("metadata", () => {
  const headers = [":path", "/a/b", "content-type", "application/grpc", "x-a", "1", "x-b-bin", "q6ur", "x-a", "2, 3"];

  it("has the keys that are neither HTTP/2's nor gRPC's", () => {
    expect(keysOf([...headers, "te", "trailers", "grpc-timeout", "1S", "grpc-encoding", "gzip"], "")).toEqual([
      "x-a",
      "x-b-bin",
    ]);
    expect(keysOf(headers, "x-b")).toEqual(["x-b-bin"]);
    expect(keysOf(headers, ":")).toEqual([]);
  });

  it("has several values of a key apart, as they were sent", () => {
    expect(valuesOf(headers, "x-a")).toEqual(["1", "2, 3"]);
    expect(valuesOf(headers, "x-none")).toEqual([]);
  });

  it.each([
    ["q6s", [[0xab, 0xab]]],
    ["q6s=", [[0xab, 0xab]]],
    ["q6ur,AA==, AQI", [[0xab, 0xab, 0xab], [0], [1, 2]]],
    ["", [[]]],
  ])("decodes %j with and without padding, and separated by commas", (text, values) => {
    expect(bytesOf(["k-bin", text], "k-bin").map((value) => [...value])).toEqual(values);
  });

  it("encodes without padding", () => {
    expect(encodeBytes(Uint8Array.of(0xab, 0xab))).toBe("q6s");
  });

  it("has no bytes under other keys", () => {
    expect(() => bytesOf(headers, "x-a")).toThrow(TypeError);
  });
});

describe("grpc-message", () => {
  it.each([
    ["plain text, as it is", "plain text, as it is"],
    ["100%", "100%25"],
    ["a\nb\t", "a%0Ab%09"],
    ["  a b ", "%20 a b%20"],
    [" ", "%20"],
    ["ä☺😈", "%C3%A4%E2%98%BA%F0%9F%98%88"],
    ["\ud800", "%EF%BF%BD"],
    ["", ""],
  ])("of %j", (text, encoded) => {
    expect(encodeMessage(text)).toBe(encoded);
    expect(decodeURIComponent(encoded)).toBe(text.toWellFormed());
  });

  it("is cut between two characters", () => {
    const encoded = encodeMessage(`a${"☺".repeat(5_000)}`);
    expect(decodeURIComponent(encoded)).toMatch(/^a☺+$/);
    expect(Buffer.byteLength(decodeURIComponent(encoded))).toBeLessThanOrEqual(2_048);
  });
});

describe("trailers", () => {
  const detail = (operation: string) =>
    create(StatusSchema, {
      code: 10,
      message: "no",
      details: [anyPack(TimeoutErrorSchema, create(TimeoutErrorSchema, { operation }))],
    });

  it("of OK have the status alone", () => {
    expect(trailersOf(null)).toEqual({ "grpc-status": 0 });
  });

  it("have details if there are any", () => {
    expect(Object.keys(trailersOf(create(StatusSchema, { code: 5 })))).toEqual(["grpc-status", "grpc-message"]);
    const status = detail("recv");
    const trailers = trailersOf(status);
    const bytes = Uint8Array.from(Buffer.from(String(trailers["grpc-status-details-bin"]), "base64"));
    expect(fromBinary(StatusSchema, bytes)).toEqual(status);
  });

  it("leave out details that no client would accept", () => {
    expect(Object.keys(trailersOf(detail("x".repeat(10_000))))).toEqual(["grpc-status", "grpc-message"]);
  });
});
