import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Sockaddr } from "../../native/binding.js";
import type { Init } from "../codec/init.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { SocketEntry } from "../sockets/socket-entry.js";

type Answer<M extends DescMethod> = Init<M["output"]> | Promise<Init<M["output"]>>;

/**
 * One verb of the broker: decode, do it, account, encode. What is asked of the policy before is in its row of the table.
 *
 * Answers at once where nothing has to be waited for: a promise costs more than most system calls.
 */
export type Op<M extends DescMethod> = (ctx: OpContext, request: MessageShape<M["input"]>) => Answer<M>;

/** A verb of one socket, which is found before it runs. */
export type SocketOp<M extends DescMethod> = (
  ctx: OpContext,
  request: MessageShape<M["input"]>,
  entry: SocketEntry,
) => Answer<M>;

/** A verb of one socket with an address, which is resolved and checked before it runs. */
export type AddressOp<M extends DescMethod> = (
  ctx: OpContext,
  request: MessageShape<M["input"]>,
  entry: SocketEntry,
  address: Checked<Sockaddr>,
) => Answer<M>;

/** A verb of one socket with an address that may be left out. */
export type DestinationOp<M extends DescMethod> = (
  ctx: OpContext,
  request: MessageShape<M["input"]>,
  entry: SocketEntry,
  address: Checked<Sockaddr> | null,
) => Answer<M>;

/** A permission that is asked before a verb runs, besides its own. */
interface Further<M extends DescMethod> {
  readonly permission: Permission;
  /** Whether a request takes it. Unset: each does. */
  readonly when?: (request: MessageShape<M["input"]>, ctx: OpContext) => boolean;
  /** The same in words, for docs/policy.md. */
  readonly where?: string;
}

/**
 * Permissions that are asked on the way, by whatever finds what is judged, such as the addresses of a name; with when that
 * is in words, for docs/policy.md.
 */
export type Asks = Partial<Record<Permission, string>>;

interface Permitted {
  readonly permission: Permission;
  readonly strangers?: never;
}

interface Open {
  readonly strangers: true;
  readonly permission?: never;
}

/** Who may call. Whoever is no stranger has the permission `session`, whatever else is asked for. */
export type Callers = Permitted | Open;

interface Nothing<M extends DescMethod> {
  readonly subject: "nothing";
  readonly run: Op<M>;
}

/** What is judged, and what runs with what came of that. `operation` is what errors call it. */
type Subject<M extends DescMethod> =
  | Nothing<M>
  | { readonly subject: "socket"; readonly run: SocketOp<M> }
  | { readonly subject: "address"; readonly operation: string; readonly run: AddressOp<M> }
  | { readonly subject: "destination"; readonly operation: string; readonly run: DestinationOp<M> };

/** All that the broker knows of a verb. A row without a permission does not compile, unless it is for strangers. */
export type Row<M extends DescMethod> = ((Permitted & Subject<M>) | (Open & Nothing<M>)) & {
  readonly also?: readonly Further<M>[];
  readonly asks?: Asks;
  /** Whether it may be called while the daemon ends: what ends something may. */
  readonly whileDraining?: true;
};

/** A row of some verb. */
export type AnyRow = (
  | (Callers & { readonly subject: "nothing" })
  | (Permitted & { readonly subject: "socket" | "address" | "destination" })
) & {
  readonly operation?: string;
  readonly run: (ctx: OpContext, request: never, entry: never, address: never) => object | Promise<object>;
  readonly also?: readonly {
    readonly permission: Permission;
    readonly when?: (request: never, ctx: OpContext) => boolean;
  }[];
  readonly whileDraining?: true;
};
