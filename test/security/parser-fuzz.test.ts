import { expect, it } from "vitest";
import { type Random, randomOf } from "../fuzz/bytes.js";
import {
  fuzzClientFrame,
  fuzzReceived,
  fuzzRequest,
  fuzzResults,
  fuzzSessionRequest,
  fuzzWatchRequest,
} from "../fuzz/codecs.js";
import { fuzzMetadata, fuzzTimeout, fuzzTrailers } from "../fuzz/header-fields.js";
import { fuzzMessageReader, fuzzRequestReaders } from "../fuzz/messages.js";
import { chooseSeed } from "../support/raw-broker.js";

/*
 * Random inputs for what reads the bytes of callers, in this process. SOCKBROKER_TEST_SEED repeats a run,
 * SOCKBROKER_FUZZ_INPUTS sets how many inputs.
 */

const INPUTS = Number(process.env.SOCKBROKER_FUZZ_INPUTS ?? 300_000);

/** Makes and checks inputs, and returns how many. */
type Fuzz = (random: Random) => number | Promise<number>;

function one(fuzz: (random: Random) => void): Fuzz {
  return (random) => {
    fuzz(random);
    return 1;
  };
}

/** What is tested, and its share of the inputs in percent. */
const parsers: readonly [name: string, share: number, fuzz: Fuzz][] = [
  ["messages cut at random places", 24, one(fuzzMessageReader)],
  ["requests that share memory", 24, fuzzRequestReaders],
  ["requests of all verbs", 8, one(fuzzRequest)],
  ["frames of attach streams", 8, one(fuzzClientFrame)],
  ["messages of Session streams", 8, one(fuzzSessionRequest)],
  ["messages of Watch streams", 4, one(fuzzWatchRequest)],
  ["results", 3, one(fuzzResults)],
  ["received messages", 3, one(fuzzReceived)],
  ["deadlines", 6, one(fuzzTimeout)],
  ["metadata", 6, one(fuzzMetadata)],
  ["statuses", 6, one(fuzzTrailers)],
];

it.each(parsers)("%s", { timeout: 60_000 + INPUTS }, async (_, share, fuzz) => {
  const seed = chooseSeed();
  const wanted = (INPUTS * share) / 100;
  let made = 0;
  for (let input = 0; made < wanted; input++) {
    try {
      made += await fuzz(randomOf(seed, input));
    } catch (cause) {
      throw new Error(`seed ${seed}, input ${input}: ${cause}`, { cause });
    }
  }
  expect(made).toBeGreaterThanOrEqual(wanted);
});
