import type { NativeAddon, NegatedErrno } from "../../native/binding.js";
import type { Unowned } from "../sockets/unowned.js";

/** Functions of the addon that only the daemon itself uses: to follow descriptors and to lock files. */
type Own = "follow" | "followClosing" | "followed" | "hasHungUp" | "lockFile" | "setResolverThreads";

type Opening = "socket" | "socketpair" | "openNetns";

/** The addon as ops see it. A descriptor that it opens can only be adopted by a session or closed. */
export interface Kernel extends Omit<NativeAddon, Own | Opening> {
  socket(family: number, type: number, protocol: number, netns: Unowned | null): Unowned | NegatedErrno;
  socketpair(family: number, type: number, protocol: number): [Unowned, Unowned] | NegatedErrno;
  openNetns(path: string): Unowned | NegatedErrno;
}
