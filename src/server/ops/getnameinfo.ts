import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { addressFrom } from "../codec/address.js";
import type { Op, OpContext } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";

const { AI_NUMERICHOST, SOCK_DGRAM } = linux;

/** Wraps getnameinfo(3). The host must be numeric, as in Python. */
export const getnameinfo: Op<typeof ResolverService.method.getnameinfo> = async (ctx, request) => {
  const message = request.address;
  if (message === undefined) throw type("ADDRESS_MISSING", "getnameinfo() argument 1 must be a tuple");
  const address = addressFrom(message, "getnameinfo");
  if (address.kind !== "name") throw type("ADDRESS_FAMILY_MISMATCH", "getnameinfo(): illegal sockaddr argument");
  const concrete = await numeric(ctx, address.host, address.family, address.rest);
  const { host, service } = await ctx.services.resolver.run(ctx, (kernel) =>
    kernel.getnameinfo(concrete, request.flags),
  );
  return { host, service };
};

async function numeric(ctx: OpContext, host: string, family: "inet" | "inet6", rest: Sockaddr): Promise<Sockaddr> {
  const results = await ctx.services.resolver.run(ctx, (kernel) =>
    // With a datagram type getaddrinfo returns one result instead of one for each type.
    kernel.getaddrinfo(Buffer.from(host), Buffer.from("0"), 0, SOCK_DGRAM, 0, AI_NUMERICHOST),
  );
  const [found] = results;
  if (found === undefined || results.length > 1) {
    throw os("AMBIGUOUS_ADDRESS", "sockaddr resolved to multiple addresses");
  }
  if (found.family === AddressFamily.INET && family === "inet6") {
    throw os("ADDRESS_FAMILY_MISMATCH", "IPv4 sockaddr must be 2 tuple");
  }
  if (found.address.kind === "inet" && rest.kind === "inet") return { ...rest, address: found.address.address };
  if (found.address.kind === "inet6") {
    const v6 = rest.kind === "inet6" ? rest : { ...found.address, port: rest.kind === "inet" ? rest.port : 0 };
    return { ...v6, address: found.address.address };
  }
  return found.address;
}

function os(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.OS, reason, "getnameinfo", text);
}

function type(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.TYPE, reason, "getnameinfo", text);
}
