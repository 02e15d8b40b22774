import type { NativeAddon, NegatedErrno } from "../../native/binding.js";
import type { Unowned } from "../sockets/unowned.js";

/** What only the daemon's own parts ask of the addon: to follow descriptors, to lock files, and to be tested. */
type Own = "follow" | "followClosing" | "followed" | "hasHungUp" | "lockFile" | "setResolverThreads" | "testing";

type Opening = "socket" | "socketpair" | "openNetns";

/** The addon as ops have it. A descriptor that it opens can be adopted by a session, and nothing else. */
export interface Kernel extends Omit<NativeAddon, Own | Opening> {
  socket(family: number, type: number, protocol: number, netns: Unowned | null): Unowned | NegatedErrno;
  socketpair(family: number, type: number, protocol: number): [Unowned, Unowned] | NegatedErrno;
  openNetns(path: string): Unowned | NegatedErrno;
}
