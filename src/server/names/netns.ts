import { readFileSync } from "node:fs";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { NetworkNamespace } from "../../gen/sockbroker/v1/socket_pb.js";
import type { NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { authorise } from "../authorise.js";
import type { OpContext } from "../context.js";
import { ArgumentFault, BrokerFault } from "../errors.js";

/** Opens the namespace that a request names. The caller closes it. Throws `SystemError`, `ArgumentFault` or a denial. */
export function openNetns(ctx: OpContext, netns: NetworkNamespace): NativeSocket {
  authorise(ctx, "netns");
  const { namespace } = netns;
  switch (namespace.case) {
    case "name":
      if (namespace.value === "" || namespace.value.includes("/") || namespace.value.startsWith(".")) {
        throw new ArgumentFault(
          ArgumentError_Kind.VALUE,
          "NETNS_NAME",
          "socket",
          "the name of a network namespace is one path component",
        );
      }
      return open(ctx, `/run/netns/${namespace.value}`);
    case "pid": {
      const opened = open(ctx, `/proc/${namespace.value}/ns/net`);
      // After the open: what was opened belonged to a process that still is, and is the caller's.
      if (ownerOf(namespace.value) === ctx.peer.uid || ctx.peer.uid === 0) return opened;
      opened.close();
      throw new ArgumentFault(
        ArgumentError_Kind.VALUE,
        "NETNS_OWNER",
        "socket",
        `process ${namespace.value} is not the caller's`,
      );
    }
    case undefined:
      throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "a NetworkNamespace has a name or a pid");
  }
}

function open(ctx: OpContext, path: string): NativeSocket {
  const opened = ctx.services.native.openNetns(path);
  if (typeof opened === "number") throw systemError(opened, "open");
  return opened;
}

function ownerOf(pid: number): number | null {
  try {
    const uids = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return uids === null ? null : Number(uids[1]);
  } catch {
    return null;
  }
}
