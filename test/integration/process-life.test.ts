import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

/*
 * How the daemon notices that the process of a session has ended. The test runs in a process that has few descriptors
 * and uses all of them. No daemon and no policy.
 */

const MODULE = new URL("../../dist/server/sessions/process-life.js", import.meta.url).href;

const script = `
  import { spawn } from "node:child_process";
  import { once } from "node:events";
  import { closeSync, openSync } from "node:fs";
  import { processLife } from ${JSON.stringify(MODULE)};
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  await once(child, "spawn");
  const life = processLife(child.pid);
  const answers = [life.lives()];
  const taken = [];
  try {
    for (;;) taken.push(openSync("/dev/null"));
  } catch (error) {
    answers.push(error.code, life.lives(), processLife(child.pid));
  }
  for (const fd of taken) closeSync(fd);
  answers.push(life.lives());
  child.kill("SIGKILL");
  await once(child, "exit");
  answers.push(life.lives(), processLife(child.pid));
  console.log(JSON.stringify(answers));
`;

it("a process counts as alive if it cannot be checked for lack of a descriptor, and one that ended does not", async () => {
  const node = [process.execPath, "--input-type=module", "--eval", script];
  const child = spawn("sh", ["-c", 'ulimit -n 64 && exec "$@"', "sh", ...node], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  expect(JSON.parse(output)).toEqual([true, "EMFILE", true, null, true, false, null]);
});
