import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Init } from "../codec/init.js";
import type { OpContext } from "../context.js";

/**
 * One verb of the broker: decode, authorise, find the handle, do it, account, encode.
 *
 * Answers at once where nothing has to be waited for: a promise costs more than most system calls.
 */
export type Op<M extends DescMethod> = (
  ctx: OpContext,
  request: MessageShape<M["input"]>,
) => Init<M["output"]> | Promise<Init<M["output"]>>;
