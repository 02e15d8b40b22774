// Writes everything that is generated and committed: src/gen and proto/api.txtpb from proto/, and the output of each
// scripts/generate-*.mjs. With `--check` it writes nothing, and fails if there is a difference.

import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, root, step, tool } from "./lib/steps.mjs";

const check = process.argv.includes("--check");
const generators = readdirSync(join(root, "scripts")).filter((name) => /^generate-.*\.mjs$/.test(name));

let ok = await step("src/gen and proto/api.txtpb", fromProto);
for (const name of generators) {
  const args = [join("scripts", name), ...(check ? ["--check"] : [])];
  if (!(await step(name, () => capture("node", args)))) ok = false;
}
process.exitCode = ok ? 0 : 1;

/** Always generates into a new directory, so that a failure leaves the tree unchanged. */
async function fromProto() {
  const fresh = mkdtempSync(join(tmpdir(), "sockbroker-generate-"));
  try {
    const code = await capture(tool("buf"), ["generate", "--output", fresh], { env: withLocalPlugins() });
    if (!code.ok) return code;
    const api = join(fresh, "api.txtpb");
    // Without source info the file is a sixth of the size, and its diff shows only changes of the API.
    const snapshot = await capture(tool("buf"), ["build", "--exclude-source-info", "--output", api]);
    if (!snapshot.ok) return snapshot;

    const pairs = [
      ["src/gen", join(fresh, "src/gen")],
      ["proto/api.txtpb", api],
    ];
    if (check) return await compare(pairs);
    for (const [path, made] of pairs) {
      rmSync(join(root, path), { recursive: true, force: true });
      cpSync(made, join(root, path), { recursive: true });
    }
    return { ok: true, output: "" };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** @param {string[][]} pairs */
async function compare(pairs) {
  for (const [path, made] of pairs) {
    if (!existsSync(join(root, path))) return { ok: false, output: `${path} is missing: run \`npm run generate\`\n` };
    const { ok, output } = await capture("diff", ["-ru", path, made]);
    if (!ok) return { ok: false, output: `${path} is not what proto/ makes: run \`npm run generate\`\n\n${output}` };
  }
  return { ok: true, output: "" };
}

function withLocalPlugins() {
  return { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
}
