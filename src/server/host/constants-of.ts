import type { NativeAddon, NativeConstant } from "../../native/binding.js";

type Kernel = Pick<NativeAddon, "constants">;

/** Cache, by addon: each call of the addon creates a thousand objects. */
const cache = new WeakMap<Kernel, readonly NativeConstant[]>();

/** The constants of the host. They do not change. */
export function constantsOf(kernel: Kernel): readonly NativeConstant[] {
  let constants = cache.get(kernel);
  if (constants === undefined) {
    constants = kernel.constants();
    cache.set(kernel, constants);
  }
  return constants;
}
