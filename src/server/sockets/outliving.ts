/*
 * Tracks open descriptions that outlive their handles. A socket sent by SCM_RIGHTS may be in a message that nobody
 * receives, or in another process; a socket whose close(2) blocks exists until a thread has closed it. As long as the
 * kernel has it, it counts as a handle of the principal that sent or closed it; otherwise a caller could have any
 * number of them.
 */

import type { NativeAddon } from "../../native/binding.js";
import type { Principal } from "../access/principal.js";
import { type FollowedDescription, newDescription, type OpenDescription } from "./open-description.js";
import type { SocketEntry } from "./socket-entry.js";
import type { Unowned } from "./unowned.js";

const FIRST_LOOK_MS = 50;
/**
 * Pause between two checks, as a multiple of the duration of a check, which limits checking to 2 % of the event loop's
 * time.
 */
const PAUSE = 50;

export class Outliving {
  readonly #native: Pick<NativeAddon, "follow" | "followClosing" | "followed">;
  readonly #followed = new Map<number, FollowedDescription>();
  /** Sockets only: all descriptions of a file have the same inode. */
  readonly #byInode = new Map<number, FollowedDescription>();
  /** Descriptions without a handle. */
  #count = 0;
  #lastId = 0;
  #nextLook = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(native: Pick<NativeAddon, "follow" | "followClosing" | "followed">) {
    this.#native = native;
    // Creates the list of tracked descriptions now, because it takes a descriptor, and there may be none when the first
    // socket is sent.
    native.followed();
  }

  /** Number of open descriptions that exist without a handle. */
  get count(): number {
    return this.#count;
  }

  /**
   * Tracks the open description of an entry, and counts it for `countedFor`. Returns 0 or -errno: -EPERM for files,
   * which cannot be tracked.
   */
  follow(entry: SocketEntry, countedFor: Principal): number {
    const { description, state } = entry;
    if (description.followed === null) {
      const followed = this.#byInode.get(state.inode) ?? this.#begin(entry, countedFor, description.fromOutside);
      if (typeof followed === "number") return followed;
      followed.handles += description.handles;
      description.followed = followed;
    }
    description.followed.countedFor = countedFor;
    return 0;
  }

  /** Counts a received file for `countedFor` from when its handles are closed until its last descriptor is. */
  followClosing(entry: SocketEntry, countedFor: Principal): void {
    const { description } = entry;
    if (description.followed === null) {
      this.#lastId += 1;
      const followed: FollowedDescription = {
        id: this.#lastId,
        inode: 0,
        countedFor,
        handles: description.handles,
        shared: true,
      };
      this.#followed.set(followed.id, followed);
      description.followed = followed;
    }
    entry.followClosing(this.#native, description.followed.id);
  }

  /** Returns the description of a received descriptor. */
  descriptionOf(received: Pick<Unowned, "inode">): OpenDescription {
    const followed = this.#byInode.get(received.inode) ?? null;
    // Sockets of the daemon are tracked before they can be sent.
    return { ...newDescription(), followed, fromOutside: followed === null };
  }

  /** Adds a handle to a description. */
  addHandle(description: OpenDescription): void {
    description.handles += 1;
    const { followed } = description;
    if (followed === null) return;
    if (followed.handles === 0) this.#uncount(followed);
    followed.handles += 1;
  }

  /** Removes a handle from a description. */
  removeHandle(description: OpenDescription): void {
    description.handles -= 1;
    const { followed } = description;
    if (followed === null) return;
    followed.handles -= 1;
    if (followed.handles > 0) return;
    followed.countedFor.handles.add();
    this.#count += 1;
    this.#lookLater();
  }

  /** Checks which descriptions still exist, unless it has just done so, and stops counting those that do not. */
  look(): void {
    const start = performance.now();
    if (this.#count === 0 || start < this.#nextLook) return;
    const ids = this.#native.followed();
    if (typeof ids !== "number") this.#forgetAllBut(new Set(ids));
    const end = performance.now();
    this.#nextLook = end + PAUSE * (end - start);
  }

  #begin(entry: SocketEntry, countedFor: Principal, shared: boolean): FollowedDescription | number {
    this.#lastId += 1;
    const error = entry.follow(this.#native, this.#lastId);
    if (error < 0) return error;
    const followed: FollowedDescription = {
      id: this.#lastId,
      inode: entry.state.inode,
      countedFor,
      handles: 0,
      shared,
    };
    this.#followed.set(followed.id, followed);
    if (followed.inode !== 0) this.#byInode.set(followed.inode, followed);
    return followed;
  }

  #forgetAllBut(alive: ReadonlySet<number>): void {
    for (const followed of this.#followed.values()) {
      if (followed.handles > 0 || alive.has(followed.id)) continue;
      this.#followed.delete(followed.id);
      this.#byInode.delete(followed.inode);
      this.#uncount(followed);
    }
  }

  #uncount(followed: FollowedDescription): void {
    followed.countedFor.handles.give();
    this.#count -= 1;
  }

  #lookLater(): void {
    if (this.#timer !== null) return;
    const wait = Math.max(FIRST_LOOK_MS, this.#nextLook - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.look();
      if (this.#count > 0) this.#lookLater();
    }, wait).unref();
  }
}
