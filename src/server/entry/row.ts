import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Details } from "../access/query.js";
import type { AddressOp, DestinationOp, Op, OpContext, SocketOp, StrangersOp } from "../context.js";
import type { Permission } from "../policy/policy.js";

/** A further permission that is checked before a verb runs. */
interface Further<P extends Permission> {
  readonly permission: P;
}

/** A further permission that only some requests require. */
interface Conditional<M extends DescMethod> extends Further<Permission> {
  readonly when: (request: MessageShape<M["input"]>, ctx: OpContext) => boolean;
  /** The same as text, for docs/policy.md. */
  readonly where: string;
}

/**
 * Permissions that are checked while the verb runs, such as those for the addresses of a name, each with a description
 * of when, for docs/policy.md.
 */
export type Asks = Partial<Record<Permission, string>>;

interface Permitted<P extends Permission> {
  readonly permission: P;
  readonly strangers?: never;
}

interface Open {
  readonly strangers: true;
  readonly permission?: never;
}

/** The callers that may call a verb. Those that are not strangers must also have the permission `session`. */
export type Callers = Permitted<Permission> | Open;

/**
 * What permissions are checked for, and the function that runs with the result, which only has what `P` and `A` grant
 * of the socket. `operation` is its name in errors.
 */
type Subject<M extends DescMethod, P extends Permission, A extends Permission> =
  | { readonly subject: "nothing"; readonly run: Op<M, P | A> }
  | { readonly subject: "socket"; readonly run: SocketOp<M, P | A> }
  | { readonly subject: "address"; readonly operation: string; readonly run: AddressOp<M, P> }
  | { readonly subject: "destination"; readonly operation: string; readonly run: DestinationOp<M, P, A> };

/** Further permissions of verbs that always require several. */
interface Together {
  readonly send: readonly [Further<"ancillary">];
  readonly socket: readonly [Further<"listen">, Further<"setsockopt">];
}

type Granting<M extends DescMethod, P extends Permission> = Permitted<P> &
  (
    | (Subject<M, P, "session"> & { readonly also?: never })
    | (P extends keyof Together
        ? Subject<M, P, Together[P][number]["permission"]> & { readonly also: Together[P] }
        : never)
  );

/**
 * A verb's row. A row without a permission does not compile, unless strangers may call it. Nor does a row whose permission
 * does not grant what its op takes.
 */
export type Row<M extends DescMethod> = (
  | { [P in Permission]: Granting<M, P> }[Permission]
  | (Open & {
      readonly subject: "nothing";
      readonly run: StrangersOp<M>;
      readonly also?: readonly Conditional<M>[];
    })
) & {
  readonly asks?: Asks;
  /** What the permission is asked for, beside the socket. */
  readonly details?: (request: MessageShape<M["input"]>) => Details;
  /** Whether it may be called while the daemon is draining, which is true for verbs that end something. */
  readonly whileDraining?: true;
};

/** The row of any verb. */
export type AnyRow = (
  | (Callers & { readonly subject: "nothing" })
  | (Permitted<Permission> & { readonly subject: "socket" | "address" | "destination" })
) & {
  readonly operation?: string;
  readonly run: (ctx: never, request: never, socket: never, address: never) => object | Promise<object>;
  readonly details?: (request: never) => Details;
  readonly also?: readonly {
    readonly permission: Permission;
    readonly when?: (request: never, ctx: OpContext) => boolean;
  }[];
  readonly whileDraining?: true;
};
