/*
 * Encodes and decodes the frames of an attachment. The generated codec does all but data.
 */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
  StreamService,
} from "../gen/sockbroker/v1/stream_service_pb.js";
import { type BidiMethod, byteStream } from "../rpc/bidi-call.js";
import { dataStart, encodeData } from "../rpc/data-frame.js";
import { toBuffer } from "./bytes.js";

export type SentFrame = Exclude<MessageInitShape<typeof ClientFrameSchema>["frame"], undefined>;
export type ReceivedFrame = ServerFrame["frame"];

/** An attach stream. Frames to send are encoded by `encodeFrame`. */
export const attachStream: BidiMethod<Buffer, ReceivedFrame> = {
  ...byteStream(StreamService.method.attach),
  deserialize: decodeFrame,
};

/** Throws if the frame has values of wrong types. */
export function encodeFrame(frame: SentFrame): Buffer {
  if (frame.case === "data") return encodeData(frame.value);
  return toBuffer(toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame })));
}

function decodeFrame(bytes: Buffer): ReceivedFrame {
  const start = dataStart(bytes, bytes.length);
  if (start > 0) return { case: "data", value: bytes.subarray(start) };
  return fromBinary(ServerFrameSchema, bytes, { readUnknownFields: false }).frame;
}
