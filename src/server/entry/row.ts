import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Sockaddr } from "../../native/binding.js";
import type { Init } from "../codec/init.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { SocketEntry } from "../sockets/socket-entry.js";

type Answer<M extends DescMethod> = Init<M["output"]> | Promise<Init<M["output"]>>;

/**
 * One verb: decodes, performs, counts and encodes. Permissions checked before it runs are in its row of the table.
 *
 * Returns a promise only if it has to wait, because a promise costs more than most system calls.
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

/** A verb of one socket with an optional address. */
export type DestinationOp<M extends DescMethod> = (
  ctx: OpContext,
  request: MessageShape<M["input"]>,
  entry: SocketEntry,
  address: Checked<Sockaddr> | null,
) => Answer<M>;

/** A further permission that is checked before a verb runs. */
interface Further<M extends DescMethod> {
  readonly permission: Permission;
  /** Whether a request requires it. Unset: all requests do. */
  readonly when?: (request: MessageShape<M["input"]>, ctx: OpContext) => boolean;
  /** The same in words, for docs/policy.md. */
  readonly where?: string;
}

/**
 * Permissions that are checked while the verb runs, such as those for the addresses of a name, each with a description
 * of when, for docs/policy.md.
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

/** Who may call. Callers that are not strangers must also have the permission `session`. */
export type Callers = Permitted | Open;

interface Nothing<M extends DescMethod> {
  readonly subject: "nothing";
  readonly run: Op<M>;
}

/** What permissions are checked for, and the function that runs with the result. `operation` is its name in errors. */
type Subject<M extends DescMethod> =
  | Nothing<M>
  | { readonly subject: "socket"; readonly run: SocketOp<M> }
  | { readonly subject: "address"; readonly operation: string; readonly run: AddressOp<M> }
  | { readonly subject: "destination"; readonly operation: string; readonly run: DestinationOp<M> };

/** A verb's row. A row without a permission does not compile, unless strangers may call it. */
export type Row<M extends DescMethod> = ((Permitted & Subject<M>) | (Open & Nothing<M>)) & {
  readonly also?: readonly Further<M>[];
  readonly asks?: Asks;
  /** Whether it may be called while the daemon is draining, which is true for verbs that end something. */
  readonly whileDraining?: true;
};

/** The row of any verb. */
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
