import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from "vitest/node";

/**
 * Ends a run with a list of skipped tests and their reasons, and then one line that scripts can parse: `N passed, N
 * failed, N skipped`. A skip is a test that did not run, so it must be visible.
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
      // A file that cannot be loaded, or a hook that throws, is a failure without a failed test.
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
    // Nothing ran, or vitest itself reports a failure.
    if (reason === "failed" && totals.failed === 0) totals.failed = 1;

    if (skips.length > 0) console.log("\nSkipped:");
    for (const { test, reason } of skips) console.log(`  ${test}: ${reason}`);
    console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    this.#writeTotals({ ...totals, passes, skips: skips.map(({ test }) => test) });
  }

  /** `-t` skips all other tests, which need not be listed. */
  #isFilteredOut(test: TestCase): boolean {
    return this.#filtered && reasonOf(test) === NO_REASON;
  }

  /** Writes totals for `.ci/run`, by test name, because another machine may run what one skips. */
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
