#!/usr/bin/env node
/*
 * Nothing else is imported here. Until SIGUSR1 has a listener, the signal opens Node's debugger on a TCP port, which
 * gives every user of the host the daemon's privileges. Loading the other modules takes long enough for a signal to
 * arrive.
 */
import { readFileSync } from "node:fs";
import { close, url } from "node:inspector";

const LAST_CLOSE_MS = 8_192;

process.on("SIGUSR1", () => undefined);
closeUnasked();
const fewDescriptors = hasFewDescriptors();
try {
  const { main } = await import("./dispatch.js");
  closeAgain(1);
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Node reports a lack of descriptors while loading files in many different ways.
  if (!fewDescriptors) throw error;
  process.stderr.write("sockbroker: the limit of open descriptors is too low (ulimit -n, LimitNOFILE=)\n");
  process.exitCode = 9;
}

/** Closes a debugger that a signal opened before there was a listener, unless the command line asked for one. */
function closeUnasked(): void {
  const asked = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => text.includes("--inspect"));
  if (!asked && url() !== undefined) close();
}

/**
 * Closes it repeatedly for some seconds, because Node opens the debugger on a thread that the signal wakes, possibly
 * after the program has started.
 */
function closeAgain(delayMs: number): void {
  closeUnasked();
  if (delayMs <= LAST_CLOSE_MS) setTimeout(closeAgain, delayMs, 2 * delayMs).unref();
}

/** Whether the limit may be too low to load the program: Node opens all its files at the same time. */
function hasFewDescriptors(): boolean {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit !== undefined && Number(limit) < 256;
  } catch {
    return true;
  }
}
