import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from "vitest/node";

/**
 * Ends a run with every skipped test and its reason, and then with one line that a script can read:
 * `N passed, N failed, N skipped`. A skip is a test that did not happen, and must not be silent.
 */
export default class SummaryReporter implements Reporter {
  #filtered = false;

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): void {
    const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
    const passes: string[] = [];
    const skips: { test: string; reason: string }[] = [];
    for (const module of modules) {
      // A file that does not load and a hook that throws fail without any test of theirs failing.
      totals.failed += module.errors().length > 0 ? 1 : 0;
      for (const suite of module.children.allSuites()) totals.failed += suite.errors().length > 0 ? 1 : 0;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        const name = `${module.relativeModuleId} › ${test.fullName.replaceAll(" > ", " › ")}`;
        if (state === "passed") passes.push(name);
        else if (state === "failed") totals.failed++;
        else if (!this.#isFilteredOut(test)) skips.push({ test: name, reason: reasonOf(test) });
      }
    }
    totals.passed = passes.length;
    totals.skipped = skips.length;
    // Nothing ran at all, or vitest itself is not content.
    if (reason === "failed" && totals.failed === 0) totals.failed = 1;

    if (skips.length > 0) console.log("\nSkipped:");
    for (const { test, reason } of skips) console.log(`  ${test}: ${reason}`);
    console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    this.#writeTotals({ ...totals, passes, skips: skips.map(({ test }) => test) });
  }

  /** `-t` skips every other test, which is no news. */
  #isFilteredOut(test: TestCase): boolean {
    return this.#filtered && reasonOf(test) === NO_REASON;
  }

  /** For `.ci/run`, which adds up all its commands; by name, because what one machine skips another may run. */
  #writeTotals(totals: object): void {
    const directory = process.env.SOCKBROKER_TOTALS;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `vitest-${process.pid}.json`), `${JSON.stringify(totals)}\n`);
  }
}

const NO_REASON = "no reason given";

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" && result.note) || NO_REASON;
}
