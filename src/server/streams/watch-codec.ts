/*
 * Decodes the outer message of the Watch stream by hand, one interest at a time:
 *
 *   WatchRequest { repeated WatchInterest interests = 1; bool look_again = 2; }
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  type WatchInterest,
  WatchInterestSchema,
  WatchRequestSchema,
} from "../../gen/sockbroker/v1/stream_service_pb.js";
import { decodeStrictly, UnknownField } from "../../rpc/decode-strictly.js";
import { MOST_FIELDS, TooManyFields } from "../../rpc/field-limit.js";

const INTERESTS = 1;
const LOOK_AGAIN = 2;

/** Reads a WatchRequest. */
export class WatchReader {
  readonly #reader: BinaryReader;
  #lookAgain = false;
  /** How often `look_again` was set. */
  #looks = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes);
  }

  /** Valid when there are no more interests. */
  get lookAgain(): boolean {
    return this.#lookAgain;
  }

  /** Returns the next interest, or null. Throws UnknownField, TooManyFields, or an error if the bytes are not a valid message. */
  next(): WatchInterest | null {
    const reader = this.#reader;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === INTERESTS && wireType === WireType.LengthDelimited) {
        return decodeStrictly(WatchInterestSchema, reader.bytes());
      }
      if (field !== LOOK_AGAIN || wireType !== WireType.Varint) {
        throw new UnknownField(WatchRequestSchema.typeName, field);
      }
      this.#looks += 1;
      if (this.#looks > MOST_FIELDS) throw new TooManyFields(WatchRequestSchema.typeName, MOST_FIELDS);
      this.#lookAgain = reader.bool();
    }
    return null;
  }
}
