import { type LinuxName, linuxNames } from "./linux-names.js";
import { loadAddon } from "./load-addon.js";

export type { LinuxName } from "./linux-names.js";

/**
 * Linux constants, with the values of the headers that the addon was compiled with: some differ between architectures.
 * Read them once, at the top of a module: `const { SOL_SOCKET, SO_ERROR } = linux;`
 */
export const linux: Readonly<Record<LinuxName, number>> = constantsOfAddon();

/** Without an addon all are 0, so that modules can be imported: startBroker reports that there is none. */
function constantsOfAddon(): Readonly<Record<LinuxName, number>> {
  try {
    return loadAddon().linux;
  } catch {
    return Object.fromEntries(linuxNames.map((name) => [name, 0])) as Record<LinuxName, number>;
  }
}
