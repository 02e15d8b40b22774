/**
 * Waits for work, and puts in front of the message of its error what it was about: the daemon does not repeat what it was
 * asked. The error keeps its type and its facts.
 */
export async function about<T>(target: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error) error.message = `${target}: ${error.message}`;
    throw error;
  }
}
