#!/usr/bin/env node
/*
 * Nothing of ours is imported here: until SIGUSR1 has a listener, it opens Node's debugger on a TCP port, and with it the
 * privileges of the daemon to every user of the host. Loading the rest takes long enough for a signal to come.
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
  // What Node says when it cannot load a file for want of descriptors has many forms.
  if (!fewDescriptors) throw error;
  process.stderr.write("sockbroker: the limit of open descriptors is too low (ulimit -n, LimitNOFILE=)\n");
  process.exitCode = 9;
}

/** Closes a debugger that a signal opened before there was a listener. One that the command line asked for stays. */
function closeUnasked(): void {
  const asked = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => text.includes("--inspect"));
  if (!asked && url() !== undefined) close();
}

/**
 * Closes it again and again for some seconds. Node opens the debugger on a thread that the signal wakes, and that may be slower
 * than the program's start.
 */
function closeAgain(delayMs: number): void {
  closeUnasked();
  if (delayMs <= LAST_CLOSE_MS) setTimeout(closeAgain, delayMs, 2 * delayMs).unref();
}

/** Whether there may be too few to load the program: Node opens all its files at the same time. */
function hasFewDescriptors(): boolean {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit !== undefined && Number(limit) < 256;
  } catch {
    return true;
  }
}
