/** Prints what the demonstration does: a heading for each part, and lines below it. */
export const narrate = {
  part: (title: string): void => console.log(`\n${title}`),
  line: (text: string): void => console.log(`  ${text}`),
};

/** Reports that the demonstration cannot run here, or did not show what it should. The message is for the user. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}

/** Returns the text of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
