/*
 * What outlives its handles. A socket that was sent by SCM_RIGHTS may be in a message that nobody receives, or in another
 * process; one whose close(2) waits is there until a thread has closed it. As long as the kernel has it, it counts for
 * whoever sent or closed it as a handle does; otherwise a caller could have any number of them.
 */

import type { NativeAddon, NativeSocket } from "../../native/binding.js";
import type { Principal } from "../access/principal.js";
import { type FollowedDescription, newDescription, type OpenDescription } from "./open-description.js";
import type { SocketEntry } from "./socket-entry.js";

const FIRST_LOOK_MS = 50;
/** Between two looks, as a multiple of what a look took: so they take a fiftieth of the loop's time at the most. */
const PAUSE = 50;

type Followed = Pick<NativeSocket, "inode">;

export class Outliving {
  readonly #native: Pick<NativeAddon, "follow" | "followClosing" | "followed">;
  readonly #followed = new Map<number, FollowedDescription>();
  /** Of sockets alone: many descriptions of a file have the same. */
  readonly #byInode = new Map<number, FollowedDescription>();
  /** Lives without a handle. */
  #count = 0;
  #lastId = 0;
  #nextLook = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(native: Pick<NativeAddon, "follow" | "followClosing" | "followed">) {
    this.#native = native;
    // The list of what is followed takes a descriptor, which there may be none for when the first socket is sent.
    native.followed();
  }

  /** How many open descriptions are there that no handle names. */
  get count(): number {
    return this.#count;
  }

  /** Follows what a handle names, for `countedFor`. 0, or -errno: -EPERM of files, which cannot be followed. */
  follow({ native, description }: Pick<SocketEntry, "native" | "description">, countedFor: Principal): number {
    if (description.followed === null) {
      const followed =
        this.#byInode.get(native.inode) ?? this.#begin(native as NativeSocket, countedFor, description.fromOutside);
      if (typeof followed === "number") return followed;
      followed.handles += description.handles;
      description.followed = followed;
    }
    description.followed.countedFor = countedFor;
    return 0;
  }

  /** Counts a file that was received for `countedFor` from when its handles are closed until the last descriptor is. */
  followClosing({ native, description }: Pick<SocketEntry, "native" | "description">, countedFor: Principal): void {
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
    this.#native.followClosing(native as NativeSocket, description.followed.id);
  }

  /** The description of a descriptor that was received. */
  descriptionOf(received: Followed): OpenDescription {
    const followed = this.#byInode.get(received.inode) ?? null;
    // What the daemon made was followed before it could be sent.
    return { ...newDescription(), followed, fromOutside: followed === null };
  }

  /** One handle more names a description. */
  addHandle(description: OpenDescription): void {
    description.handles += 1;
    const { followed } = description;
    if (followed === null) return;
    if (followed.handles === 0) this.#uncount(followed);
    followed.handles += 1;
  }

  /** One handle less. */
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

  /** Looks what is still there, unless it has done so just before, and stops counting what is not. */
  look(): void {
    const start = performance.now();
    if (this.#count === 0 || start < this.#nextLook) return;
    const ids = this.#native.followed();
    if (typeof ids !== "number") this.#forgetAllBut(new Set(ids));
    const end = performance.now();
    this.#nextLook = end + PAUSE * (end - start);
  }

  #begin(native: NativeSocket, countedFor: Principal, shared: boolean): FollowedDescription | number {
    this.#lastId += 1;
    const error = this.#native.follow(native, this.#lastId);
    if (error < 0) return error;
    const followed: FollowedDescription = { id: this.#lastId, inode: native.inode, countedFor, handles: 0, shared };
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
