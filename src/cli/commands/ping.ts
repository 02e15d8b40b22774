import { randomInt } from "node:crypto";
import { AddressFamily, type AddressInfo, type Broker, type Socket, SocketType } from "../../client/index.js";
import { about } from "../about.js";
import { checkCount, seconds, wholeNumber } from "../arguments.js";
import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes, UsageError } from "../exit-codes.js";
import { familyOf, familyOptions } from "../family.js";
import { icmp4, icmp6 } from "../icmp.js";
import { json, note, print } from "../output.js";
import { type PingPlan, type PingResult, ping as pingHost, type Sample } from "../ping-run.js";

export const ping = defineCommand({
  name: "ping",
  usage: ["[OPTIONS] HOST"],
  description: [
    "Sends ICMP echo requests through a raw socket of the daemon and prints the answers, like ping(8), until " +
      "-c requests were sent or it is interrupted. The name is looked up on the daemon's host. Times include " +
      "the way from this process to the daemon and back. The exit status is 1 if nobody answered.",
  ],
  options: {
    ...endpointOption,
    ...jsonOption,
    ...familyOptions,
    count: { type: "string", short: "c", value: "N", help: "number of requests; unset: until interrupted" },
    interval: { type: "string", short: "i", value: "SECONDS", help: "time between two requests; unset: 1" },
    wait: { type: "string", short: "W", value: "SECONDS", help: "how long to wait for the last answers; unset: 2" },
    size: { type: "string", short: "s", value: "BYTES", help: "bytes of data in each request; unset: 56" },
    quiet: { type: "boolean", short: "q", help: "only print the summary" },
  },
  examples: [
    "sockbroker ping -c 3 localhost",
    "sockbroker ping -6 -c 1 -s 1000 ::1",
    "sockbroker ping -c 5 --json 127.0.0.1",
  ],
  run: async (values, positionals) => {
    checkCount(positionals, 1, 1, "HOST");
    const [host = ""] = positionals;
    const count = values.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber(values.count, "-c", 1, 1e9);
    const interval = values.interval === undefined ? 1 : seconds(values.interval, "-i");
    const wait = values.wait === undefined ? 2 : seconds(values.wait, "-W");
    const size = values.size === undefined ? 56 : wholeNumber(values.size, "-s", 0, 65_507);
    const family = familyOf(values);

    await using broker = await connectTo(values.endpoint);
    const target = await lookUp(broker, host, family);
    const { address } = target;
    await using socket = await openRaw(broker, target.family);
    // From now on the kernel only delivers messages from that host.
    const numeric = "host" in address ? String(address.host) : host;
    await about(numeric, socket.connect(address));
    if (!values.json) await print(`PING ${host} (${numeric}) ${size} bytes of data.\n`);

    const interrupted = new AbortController();
    process.once("SIGINT", () => interrupted.abort());
    const plan = { socket, ...protocolOf(broker, target.family), id: randomInt(0x10000), count, interval, wait, size };
    const listener = {
      answered: async (sample: Sample) => {
        if (!values.json && !values.quiet) await print(sampleText(sample, numeric));
      },
      failed: (error: Error) => note(`sockbroker ping: ${error.message}`),
    };
    const result = await pingHost(plan, listener, interrupted.signal);
    await print(values.json ? json({ host, address: numeric, ...summary(result) }) : summaryText(host, result));
    return result.times.length > 0 ? exitCodes.ok[0] : exitCodes.failed[0];
  },
});

async function lookUp(broker: Broker, host: string, family: number): Promise<AddressInfo> {
  const [target] = await about(host, broker.getaddrinfo(host, null, { family, type: SocketType.DGRAM }));
  if (target === undefined) throw new UsageError(`${host} has no address`);
  return target;
}

async function openRaw(broker: Broker, family: number): Promise<Socket> {
  const { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT } = broker.constants;
  if (family !== AddressFamily.INET6) return await broker.socket(family, SocketType.RAW, IPPROTO_ICMP);
  const socket = await broker.socket(family, SocketType.RAW, IPPROTO_ICMPV6);
  await socket.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  return socket;
}

function protocolOf(broker: Broker, family: number): Pick<PingPlan, "protocol" | "hopLimit"> {
  if (family !== AddressFamily.INET6) return { protocol: icmp4, hopLimit: () => null };
  const { IPPROTO_IPV6, IPV6_HOPLIMIT } = broker.constants;
  return {
    protocol: icmp6,
    hopLimit: ({ ancillaryData }) => {
      const message = ancillaryData.find(({ level, type }) => level === IPPROTO_IPV6 && type === IPV6_HOPLIMIT);
      if (message === undefined || message.data.length < 4) return null;
      return broker.host.byteOrder === "little" ? message.data.readInt32LE(0) : message.data.readInt32BE(0);
    },
  };
}

function sampleText({ bytes, sequence, ttl, milliseconds, duplicate }: Sample, address: string): string {
  const hops = ttl === null ? "" : ` ttl=${ttl}`;
  const again = duplicate ? " (DUP!)" : "";
  return `${bytes} bytes from ${address}: icmp_seq=${sequence}${hops} time=${milliseconds.toFixed(3)} ms${again}\n`;
}

function summary({ transmitted, times, duplicates, errors, elapsedMilliseconds }: PingResult) {
  const received = times.length;
  const mean = times.reduce((sum, time) => sum + time, 0) / received;
  const deviation = Math.sqrt(times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / received);
  return {
    transmitted,
    received,
    duplicates,
    errors,
    lossPercent: transmitted === 0 ? 0 : (100 * (transmitted - received)) / transmitted,
    elapsedMilliseconds,
    // Not with spread arguments: there may be more answers than a call can have arguments.
    roundTrip:
      received === 0
        ? null
        : {
            min: times.reduce((least, time) => Math.min(least, time)),
            average: mean,
            max: times.reduce((most, time) => Math.max(most, time)),
            deviation,
          },
  };
}

function summaryText(host: string, result: PingResult): string {
  const { transmitted, received, duplicates, errors, lossPercent, elapsedMilliseconds, roundTrip } = summary(result);
  const counts = [
    `${transmitted} packets transmitted`,
    `${received} received`,
    ...(duplicates > 0 ? [`+${duplicates} duplicates`] : []),
    ...(errors > 0 ? [`+${errors} errors`] : []),
    `${Number(lossPercent.toFixed(1))}% packet loss`,
    `time ${elapsedMilliseconds.toFixed(0)}ms`,
  ].join(", ");
  const times =
    roundTrip === null
      ? ""
      : `rtt min/avg/max/mdev = ${[roundTrip.min, roundTrip.average, roundTrip.max, roundTrip.deviation]
          .map((time) => time.toFixed(3))
          .join("/")} ms\n`;
  return `\n--- ${host} ping statistics ---\n${counts}\n${times}`;
}
