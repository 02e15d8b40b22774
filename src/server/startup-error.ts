/** Why the daemon could not start, in one line for the operator. The kind decides the exit code. */
export class StartupError extends Error {
  override readonly name = "StartupError";
  constructor(
    message: string,
    readonly kind: "in-use" | "permission" | "no-addon" | "limit" | "other" = "other",
  ) {
    super(message);
  }
}
