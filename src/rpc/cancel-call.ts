/**
 * Cancels a call of grpc-js.
 *
 * A call that is cancelled in the turn of the loop in which it began is told to its caller as cancelled, and goes out all
 * the same, to be served for ever: grpc-js makes what it sends a few microtasks later and does not look back. A second
 * cancellation reaches that.
 */
export function cancelCall(call: { cancel(): void }): void {
  call.cancel();
  setImmediate(() => call.cancel());
}
