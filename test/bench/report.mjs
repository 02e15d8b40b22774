/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Prints a group as a table. */
export function table({ title, unit, rounds, cases }) {
  const width = Math.max(...cases.map(({ name }) => name.length));
  const lines = cases.map(({ name, median, least, most, ratio, than }) => {
    const spread = `${number(least)} … ${number(most)}`.padStart(21);
    const compared = than === name ? "" : `  ${ratio.toFixed(2).padStart(6)} × ${than}`;
    return `  ${name.padEnd(width)}  ${number(median).padStart(9)}  ${spread}${compared}`;
  });
  return `\n${title} (${unit}; median, least and most of ${rounds} rounds)\n\n${lines.join("\n")}\n`;
}

function number(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
