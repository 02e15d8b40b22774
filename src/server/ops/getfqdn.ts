import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import type { HostEntry } from "../../native/binding.js";
import { SystemError, systemError } from "../../native/errno.js";
import type { Op, OpContext } from "../context.js";
import { ResolverFault } from "../errors.js";
import { hostByAddress } from "../resolver/host-by-address.js";

/** The first of a host's names that contains a dot, as in Python's getfqdn. */
export const getfqdn: Op<typeof ResolverService.method.getfqdn> = async (ctx, request) => {
  const asked = request.name.trim();
  const own = asked === "" || asked === "0.0.0.0" || asked === "::";
  const name = own ? hostname(ctx) : asked;
  const entry = await hostOrNull(ctx, name);
  if (entry === null) return { name };
  const names = [entry.name, ...entry.aliases];
  return { name: names.find((candidate) => candidate.includes(".")) ?? entry.name };
};

function hostname(ctx: OpContext): string {
  const name = ctx.services.kernel.gethostname();
  if (typeof name === "number") throw systemError(name, "gethostname");
  return name;
}

async function hostOrNull(ctx: OpContext, name: string): Promise<HostEntry | null> {
  try {
    return await hostByAddress(ctx, name);
  } catch (error) {
    if (error instanceof ResolverFault || error instanceof SystemError) return null;
    throw error;
  }
}
