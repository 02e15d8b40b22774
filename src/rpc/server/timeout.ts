/** Milliseconds of each unit of `grpc-timeout`. */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Node treats a longer delay as 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Parses the header `grpc-timeout`. Returns milliseconds, rounded up, or null if the text is invalid. */
export function parseTimeout(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const milliseconds = units[unit];
  if (milliseconds === undefined) return null;
  return Math.min(Math.ceil(Number(digits) * milliseconds), LONGEST_TIMER_MS);
}
