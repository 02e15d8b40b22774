/**
 * Cancels a call of grpc-js.
 *
 * If a call is cancelled in the same turn of the event loop in which it began, its caller sees CANCELLED, but the call
 * is sent nevertheless and served forever: grpc-js sends it a few microtasks later and does not check again. A second
 * cancellation catches that.
 */
export function cancelCall(call: { cancel(): void }): void {
  call.cancel();
  setImmediate(() => call.cancel());
}
