import type { Command } from "./command.js";

/**
 * All commands, in the order of the help. Each is loaded when it runs, so that clients load neither the server nor the
 * addon.
 */
export const commands: readonly {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}[] = [
  {
    name: "serve",
    summary: "run the daemon",
    load: async () => (await import("./commands/serve.js")).serve,
  },
  {
    name: "call",
    summary: "call any RPC, JSON in and out",
    load: async () => (await import("./commands/call.js")).call,
  },
  {
    name: "nc",
    summary: "connect or listen, and copy stdin and stdout: TCP, UDP, unix",
    load: async () => (await import("./commands/nc.js")).nc,
  },
  {
    name: "ping",
    summary: "send ICMP echo requests to a host",
    load: async () => (await import("./commands/ping.js")).ping,
  },
  {
    name: "resolve",
    summary: "look up a name, or an address, on the daemon's host",
    load: async () => (await import("./commands/resolve.js")).resolve,
  },
  {
    name: "constants",
    summary: "list the constants of Python's socket module on the daemon's host",
    load: async () => (await import("./commands/constants.js")).constants,
  },
  {
    name: "ls",
    summary: "list your sockets or sessions in the daemon, or all (operators)",
    load: async () => (await import("./commands/ls.js")).ls,
  },
  {
    name: "drain",
    summary: "let the daemon finish its work and exit (operators only)",
    load: async () => (await import("./commands/drain.js")).drain,
  },
];
