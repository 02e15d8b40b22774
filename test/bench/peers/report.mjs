// Numbers, the table and the plot of `npm run bench -- --peers`.

/** MiB per second. */
export function rate(bytes, began) {
  return bytes / 2 ** 20 / ((performance.now() - began) / 1_000);
}

/** The median and the 99th percentile. */
export function percentiles(times) {
  times.sort((a, b) => a - b);
  return `${times[times.length >> 1]} ${times[Math.floor(times.length * 0.99)]}`;
}

/** A number of bytes, such as "64 KiB". */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  const unit = Math.min(Math.floor(Math.log2(bytes) / 10), 3);
  return `${bytes / 2 ** (10 * unit)} ${units[unit]}`;
}

const row = (cells) => `| ${cells.join(" | ")} |`;

/** A table in Markdown, with a row for each way and a column for each that they are compared with. */
export function comparison(title, ways, others, ratio) {
  const lines = ways.map((way) => row([way, ...others.map((other) => number(ratio(way, other)))]));
  return [`**${title}**`, "", row(["", ...others]), row(["---", ...others.map(() => "---:")]), ...lines, ""].join("\n");
}

/** A table in Markdown, with a row for each way and a column for each size. */
export function table(title, ways, sizes, measured) {
  const lines = ways.map((way) => row([way, ...sizes.map((one) => number(measured(way, one)))]));
  return [
    `**${title}**`,
    "",
    row(["", ...sizes.map(size)]),
    row(["---", ...sizes.map(() => "---:")]),
    ...lines,
    "",
  ].join("\n");
}

function number(value) {
  if (value === undefined) return "";
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

const PLOT = { width: 760, height: 380, left: 60, right: 190, top: 30, bottom: 40 };
const COLOURS = ["#444444", "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8a8a00", "#7b3294"];

/** A plot of rates over sizes, as SVG. Both axes are logarithmic. */
export function plot(title, ways, sizes, measured) {
  const { width, height, left, right, top, bottom } = PLOT;
  const values = ways.flatMap((way) => sizes.flatMap((one) => measured(way, one) ?? []));
  const [least, most] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const x = (i) => left + (i * (width - left - right)) / Math.max(sizes.length - 1, 1);
  const y = (value) => height - bottom - ((Math.log10(value) - least) * (height - top - bottom)) / (most - least);
  const text = (at, down, said, anchor) => `<text x="${at}" y="${down}" text-anchor="${anchor}">${said}</text>`;
  const line = (d, rest) => `<path d="${d}" fill="none" ${rest}/>`;
  const grid = Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)).flatMap((value) => [
    line(`M${left} ${y(value)}H${width - right}`, 'stroke="#dddddd"'),
    text(left - 6, y(value) + 4, value.toLocaleString("en"), "end"),
  ]);
  const curves = ways.flatMap((way, i) => {
    const points = sizes.flatMap((one, at) => {
      const value = measured(way, one);
      return value === undefined ? [] : [`${x(at).toFixed(1)} ${y(value).toFixed(1)}`];
    });
    const colour = COLOURS[i % COLOURS.length];
    const down = top + 10 + 20 * i;
    return [
      line(`M${points.join("L")}`, `stroke="${colour}" stroke-width="2"`),
      line(`M${width - right + 12} ${down - 4}h18`, `stroke="${colour}" stroke-width="2"`),
      text(width - right + 36, down, way, "start"),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(left, 18, title, "start"),
    ...grid,
    ...sizes.map((one, i) => text(x(i), height - bottom + 18, size(one), "middle")),
    ...curves,
    "</svg>",
    "",
  ].join("\n");
}
