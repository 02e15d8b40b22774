/**
 * Waits for `work`, and prefixes the message of its error with `target`, because the daemon does not repeat its input.
 * The error keeps its type and its fields.
 */
export async function about<T>(target: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error) error.message = `${target}: ${error.message}`;
    throw error;
  }
}
