/** Parses strict dotted decimal: four numbers without leading zeros. */
export function parseDotted(text: string): Buffer | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part))) return null;
  const values = parts.map(Number);
  return values.every((value) => value <= 255) ? Buffer.from(values) : null;
}
