/*
 * Network namespaces of the daemon's host, by name or by process. A process must belong to the caller, and must still
 * be the same one after its namespace was opened: if its pid was reused in between, the namespace would be someone
 * else's.
 */

import { readFileSync } from "node:fs";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { NetworkNamespace } from "../../gen/sockbroker/v1/socket_pb.js";
import { systemError } from "../../native/errno.js";
import { authorise } from "../access/authorise.js";
import type { OpContext } from "../context.js";
import { ArgumentFault, type ArgumentReason, BrokerFault } from "../errors.js";
import type { Unowned } from "../sockets/unowned.js";

/**
 * Opens the namespace that a request names. The caller closes it. Throws `SystemError`, `ArgumentFault` or a denial.
 */
export function openNetns(ctx: OpContext, netns: NetworkNamespace): Unowned {
  const { namespace } = netns;
  const asked = namespace.case === "pid" ? `pid:${namespace.value}` : (namespace.value ?? "");
  authorise(ctx, "netns", { details: { netns: asked } });
  switch (namespace.case) {
    case "name":
      if (namespace.value === "" || namespace.value.includes("/") || namespace.value.startsWith(".")) {
        throw value("NETNS_NAME", "the name of a network namespace must be one path component");
      }
      return open(ctx, `/run/netns/${namespace.value}`);
    case "pid":
      return ofProcess(ctx, namespace.value);
    case undefined:
      throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "a NetworkNamespace must have a name or a pid");
  }
}

function ofProcess(ctx: OpContext, pid: number): Unowned {
  const before = identify(pid);
  const opened = open(ctx, `/proc/${pid}/ns/net`);
  const after = identify(pid);
  const same = before !== null && after !== null && before.startTime === after.startTime;
  const own = ctx.peer.uid === 0 || (before?.uid === ctx.peer.uid && after?.uid === ctx.peer.uid);
  if (same && own) return opened;
  opened.close();
  throw value("NETNS_OWNER", `process ${pid} is not the caller's`);
}

function open(ctx: OpContext, path: string): Unowned {
  const opened = ctx.services.kernel.openNetns(path);
  if (typeof opened === "number") throw systemError(opened, "open");
  return opened;
}

/** A process's user and start time, which together distinguish it from any other process that gets its pid. */
function identify(pid: number): { readonly uid: number; readonly startTime: string } | null {
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields are counted after the name, which may contain blanks and parentheses: field 22 is the 20th from there.
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return uid === undefined || startTime === undefined ? null : { uid: Number(uid), startTime };
  } catch {
    return null;
  }
}

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "socket", text);
}
