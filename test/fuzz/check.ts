/** Throws if a condition does not hold. Unlike `expect` it costs nothing, which counts for a million inputs. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
