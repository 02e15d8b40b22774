/*
 * Tracks open descriptions that outlive their handles. A socket sent by SCM_RIGHTS may be in a message that nobody
 * receives, or in another process; a socket whose close(2) blocks exists until a thread has closed it. As long as the
 * kernel has it, it counts as a handle of the principal that sent or closed it; otherwise a caller could have any
 * number of them.
 */

import type { NativeAddon } from "../../native/binding.js";
import type { Principal } from "../access/principal.js";
import { type FollowedDescription, OpenDescription } from "./open-description.js";
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
  /** Those that may outlive their handles, by the id with which the addon follows them. */
  readonly #followed = new Map<number, OpenDescription>();
  /**
   * Those that may be received: followed ones, and those from outside that have a handle. Sockets only: all descriptions
   * of a file have the same inode, and it is 0 here.
   */
  readonly #byInode = new Map<number, OpenDescription>();
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
    const { description } = entry;
    if (description.followed === null) {
      const error = this.#begin(entry, countedFor);
      if (error < 0) return error;
    } else {
      description.followed.countedFor = countedFor;
    }
    return 0;
  }

  /** Counts a received file for `countedFor` from when its handles are closed until its last descriptor is. */
  followClosing(entry: SocketEntry, countedFor: Principal): void {
    const { description } = entry;
    if (description.followed === null) {
      this.#lastId += 1;
      this.#add(description, { id: this.#lastId, countedFor, shared: true });
    }
    entry.followClosing(this.#native, (description.followed as FollowedDescription).id);
  }

  /**
   * Returns the description of a received descriptor: that of the socket's other handles, if the daemon sent it or has
   * received it before. Sockets of the daemon are tracked before they can be sent.
   */
  descriptionOf({ inode }: Pick<Unowned, "inode">): OpenDescription {
    const known = this.#byInode.get(inode);
    if (known !== undefined) return known;
    const description = new OpenDescription(true);
    if (inode !== 0) {
      this.#byInode.set(inode, description);
      description.inode = inode;
    }
    return description;
  }

  /** Adds a handle to a description. */
  addHandle(description: OpenDescription): void {
    const { followed } = description;
    if (followed !== null && description.handles === 0) this.#uncount(followed);
    description.handles += 1;
  }

  /** Removes a handle from a description. */
  removeHandle(description: OpenDescription): void {
    description.handles -= 1;
    if (description.handles > 0) return;
    const { followed } = description;
    if (followed === null) {
      this.#forget(description);
      return;
    }
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

  /** Has the addon follow the open description of an entry. 0 or -errno. */
  #begin(entry: SocketEntry, countedFor: Principal): number {
    const { description } = entry;
    this.#lastId += 1;
    const error = entry.follow(this.#native, this.#lastId);
    if (error < 0) return error;
    this.#add(description, { id: this.#lastId, countedFor, shared: description.fromOutside });
    description.inode = entry.state.inode;
    if (description.inode !== 0) this.#byInode.set(description.inode, description);
    return 0;
  }

  #add(description: OpenDescription, followed: FollowedDescription): void {
    description.followed = followed;
    this.#followed.set(followed.id, description);
  }

  #forgetAllBut(alive: ReadonlySet<number>): void {
    for (const [id, description] of this.#followed) {
      const { followed, handles } = description;
      if (followed === null || handles > 0 || alive.has(id)) continue;
      this.#followed.delete(id);
      this.#forget(description);
      description.followed = null;
      description.discard();
      this.#uncount(followed);
    }
  }

  #forget({ inode }: OpenDescription): void {
    if (inode !== 0) this.#byInode.delete(inode);
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
